#!/usr/bin/env bash
# Builds, serves, and builds anew on every change. Arguments go to Trunk.
set -euo pipefail
source scripts/tools.sh

need_page_tools
say "building (the first time about 20 minutes on two cores, later seconds); the address follows when it is done"
exec trunk serve "$@"
