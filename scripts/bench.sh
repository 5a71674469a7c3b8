#!/usr/bin/env bash
# Measures the site and writes one JSON object per line; `peers` compares it with other libraries instead, as a table;
# `views` measures what a reader sees of every chapter at first; `scale` how costs grow with the sizes of the networks;
# `estimates` how close the page's estimates of its runs are; `defaults` trains the defaults of every section on both devices.
# NN_LAB_DIST selects another build, for example dist; NN_LAB_GPU=1 uses the hardware GPU.
set -euo pipefail
source scripts/tools.sh

if [[ ${1:-} == peers ]]; then need_peers; else need_e2e; fi
if [[ -z ${NN_LAB_DIST:-} ]]; then
    need_page_tools
    say "building (the first time about 20 minutes on two cores, later seconds)"
    export NN_LAB_DIST="$PWD/target/e2e/dist"
    mkdir -p "$NN_LAB_DIST"
    trunk build --release --dist "$NN_LAB_DIST" >&2
fi
NN_LAB_DIST=$(cd "$NN_LAB_DIST" && pwd)
export NN_LAB_DIST
if [[ ${1:-} == peers ]]; then
    say "comparing with other libraries (about half an hour)"
    exec node bench/peers/run.mjs "${@:2}"
fi
if [[ ${1:-} == views ]]; then
    say "looking at every chapter (about two minutes; with --train about five)"
    exec node tests/e2e/views.mjs "${@:2}"
fi
if [[ ${1:-} == scale ]]; then
    # Another Python with PyTorch may be given.
    given=${TORCH_PYTHON:-}
    source scripts/code.sh
    export TORCH_PYTHON=${given:-$TORCH_PYTHON}
    "$TORCH_PYTHON" -c 'import torch' 2>/dev/null || unset TORCH_PYTHON
    say "measuring how costs grow (about a quarter of an hour)"
    exec node bench/scale/run.mjs "${@:2}"
fi
if [[ ${1:-} == estimates ]]; then
    say "comparing the page's estimates with its runs (about 25 minutes)"
    exec node tests/e2e/bench/estimates.mjs "${@:2}"
fi
if [[ ${1:-} == defaults ]]; then
    say "training the defaults of every section on both devices (about ten minutes)"
    exec node tests/e2e/bench/defaults.mjs "${@:2}"
fi
say "measuring (about two minutes)"
exec node tests/e2e/bench.mjs "$@"
