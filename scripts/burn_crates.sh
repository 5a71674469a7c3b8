#!/usr/bin/env bash
# Compiles and runs the programs with burn that the page writes, and checks that their first losses agree with the lab's.
#
#   scripts/burn_crates.sh SECTION...
#
# Each is built as an example of the lab's crate, whose dependencies are compiled already.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/target/code
trap 'rm -rf examples' EXIT
mkdir -p examples
export NN_LAB_CODE=$folder
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --features cpu --run-ignored all -E 'test(code::writes_the_folders)'
else
    cargo test --features cpu code::writes_the_folders -- --ignored
fi
failed=0
for section in "$@"; do
    cp "$folder/$section-1/main.rs" "examples/code_$section.rs"
    cp "$folder/$section-1/setup.safetensors" "$folder/nn-lab-$section-setup.safetensors"
    output=$(cd "$folder" && cargo run --quiet --manifest-path "$OLDPWD/Cargo.toml" --features cpu --example "code_$section" -- --steps 3 2>&1) || true
    if grep -q "first three losses agree" <<<"$output"; then
        echo "$section: $(grep "first three losses agree" <<<"$output")"
    else
        echo "$section: the first three losses do not agree"
        tail -n 20 <<<"$output"
        failed=1
    fi
done
exit $failed
