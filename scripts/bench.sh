#!/usr/bin/env bash
# Measures the site, one JSON object a line; `peers` measures it beside other libraries instead, as one table.
# NN_LAB_DIST names another build than the daily one, for example dist; NN_LAB_GPU=1 takes the real GPU.
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
    say "measuring beside the peers (about half an hour)"
    exec node bench/peers/run.mjs "${@:2}"
fi
say "measuring (about two minutes)"
exec node tests/e2e/bench.mjs "$@"
