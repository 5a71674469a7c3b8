#!/usr/bin/env bash
# Runs a fuzzer on everything that reads files and addresses: ./lab fuzz [TARGET] [SECONDS], one minute per target by default.
# Failing inputs are written to fuzz/artifacts/; add a test for each to tests/random_input.rs.
set -euo pipefail
source scripts/tools.sh

need_rust
need_fuzz
targets=("${1:-all}")
if [[ ${targets[0]} == all ]]; then mapfile -t targets < <(cargo +nightly fuzz list); fi
for target in "${targets[@]}"; do
    say "$target"
    # The fuzzer adds inputs to a copy, so that the committed corpus stays small.
    work=target/fuzz/$target
    mkdir -p "$work"
    cargo +nightly fuzz run --target-dir target/fuzz-build "$target" "$work" "fuzz/corpus/$target" -- \
        -max_total_time="${2:-60}" -timeout=1 -rss_limit_mb=600 -max_len=65536 -print_final_stats=1 -verbosity=0
done
