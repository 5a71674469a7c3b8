#!/usr/bin/env bash
# Builds the site with the development profile, serves it, and rebuilds on every change. The page computes on the CPU;
# `--gpu` also builds the worker for a GPU, in the background. Other arguments go to Trunk.
set -euo pipefail
source scripts/tools.sh

arguments=()
for argument; do
    if [[ $argument == --gpu ]]; then export NN_LAB_GPU_WORKER=1; else arguments+=("$argument"); fi
done

need_page_tools
if [[ -n ${NN_LAB_GPU_WORKER:-} ]]; then
    say "building the worker for a GPU in the background (the first time about 20 minutes on two cores)"
    (logged gpu-worker nice sh scripts/gpu_worker.sh first && say "the worker for a GPU is ready") &
    trap 'kill %1 2>/dev/null || true' EXIT
fi
say "building (the first time a few minutes on two cores, later seconds); the address follows"
trunk serve "${arguments[@]}"
