#!/usr/bin/env bash
# Makes the wasm files smaller to download: merges identical functions (the worker for a GPU shrinks by 3%), orders functions
# by name, so that gzip finds similar ones in its window of 32 KB (the page 3%, the worker for a GPU 15%), and removes the
# names, which a browser does not need. Trunk can only run wasm-opt's -O levels, of which -Oz takes 7 minutes for the worker
# for a GPU and makes the gzip larger.
# Usage: scripts/small.sh FOLDER
set -euo pipefail
source scripts/tools.sh

need_wasm_opt
# The features of today's browsers. With --all-features, wasm-opt writes sections that no browser reads yet.
features=()
for feature in bulk-memory multivalue mutable-globals nontrapping-float-to-int reference-types sign-ext simd; do
    features+=("--enable-$feature")
done
for wasm in "$1"/app-*_bg.wasm "$1"/worker-*_bg.wasm; do
    wasm-opt "${features[@]}" --duplicate-function-elimination --reorder-functions-by-name \
        --strip-debug --strip-producers --output "$wasm.new" "$wasm"
    mv "$wasm.new" "$wasm"
done
