#!/bin/sh
# Adds the worker for a GPU to a site that Trunk is building. It is not an asset of index.html, because its dependencies take
# 20 minutes to compile on two cores, and a contributor should see a page before that.
#
# Usage: sh scripts/gpu_worker.sh site     Trunk's hook: builds the worker into $TRUNK_STAGING_DIR and marks the page
#        sh scripts/gpu_worker.sh first    `./lab serve --gpu`, in the background: builds it once, then has Trunk rebuild
set -eu

target=${CARGO_TARGET_DIR:-target}
# Written when the first development build is complete. Until then the hook does not wait for it.
ready=$target/gpu-worker-ready

# build PROFILE FOLDER: compiles the worker and writes worker-gpu.js and worker-gpu_bg.wasm.
build() {
    cargo build --target wasm32-unknown-unknown --target-dir "$target" --profile "$1" --bin worker-gpu \
        --no-default-features --features gpu
    wasm-bindgen --target web --no-typescript --out-dir "$2" --out-name worker-gpu \
        "$target/wasm32-unknown-unknown/$1/worker-gpu.wasm"
}

case $1 in
    first)
        rm -f "$ready"
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        build gpu-dev "$folder"
        touch "$ready"
        # Trunk watches this file.
        touch index.html
        ;;
    site)
        if [ "$TRUNK_PROFILE" = release ]; then
            build release "$TRUNK_STAGING_DIR"
        elif [ -n "${NN_LAB_GPU_WORKER:-}" ] && [ -e "$ready" ]; then
            build gpu-dev "$TRUNK_STAGING_DIR"
        else
            exit 0
        fi
        page=$TRUNK_STAGING_DIR/index.html
        sed '/name="nn-lab-gpu-worker"/ s/missing/built/' "$page" >"$page.new"
        mv "$page.new" "$page"
        ;;
esac
