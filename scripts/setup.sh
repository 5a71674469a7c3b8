#!/usr/bin/env bash
# Everything that any command needs.
set -euo pipefail
source scripts/tools.sh

need_page_tools
need_lints
need_e2e
say "all is there: $(rustc --version), $(trunk --version), $(wasm-bindgen --version), node $(node --version), $("$CHROME" --version 2>/dev/null)"
