#!/usr/bin/env bash
# Writes the packages of a lesson for course systems: SCORM 1.2, SCORM 2004, and a Common Cartridge.
set -euo pipefail
# Paths are relative to the folder in which `lab` was called.
from=${OLDPWD:-$PWD}
source scripts/tools.sh
need_rust

exec cargo run --quiet --bin package -- --from "$from" "$@"
