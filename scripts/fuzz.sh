#!/usr/bin/env bash
# Feeds what reads files with input that a fuzzer makes up: ./lab fuzz [TARGET] [SECONDS], every target for a minute by
# default. What it finds lies in fuzz/artifacts/ and gets a test of its own in tests/random_input.rs.
set -euo pipefail
source scripts/tools.sh

need_rust
need_fuzz
targets=("${1:-all}")
if [[ ${targets[0]} == all ]]; then mapfile -t targets < <(cargo +nightly fuzz list); fi
for target in "${targets[@]}"; do
    say "$target"
    # Work on a copy: the corpus that is committed stays small.
    work=target/fuzz/$target
    mkdir -p "$work"
    cargo +nightly fuzz run --target-dir target/fuzz-build "$target" "$work" "fuzz/corpus/$target" -- \
        -max_total_time="${2:-60}" -timeout=1 -rss_limit_mb=600 -max_len=65536 -print_final_stats=1 -verbosity=0
done
