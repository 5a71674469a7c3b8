#!/usr/bin/env bash
# Installs everything that any command needs.
set -euo pipefail
source scripts/tools.sh

need_page_tools
need_lints
need_e2e
say "everything is installed: $(rustc --version), $(trunk --version), $(wasm-bindgen --version), node $(node --version), $("$CHROME" --version 2>/dev/null)"
