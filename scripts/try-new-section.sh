#!/usr/bin/env bash
# Creates a section in a copy of the project, as a contributor would, and runs the registry-wide tests on it.
set -euo pipefail
source scripts/tools.sh

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
# The folder is always the same, so that only changed files are compiled again.
copy=$CARGO_TARGET_DIR/try-new-section
rm -rf "$copy"
mkdir -p "$copy"
git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory "$copy"
cd "$copy"
# Another version, so that Cargo does not confuse the copy's artifacts with the project's own.
sed -i '0,/^version = .*/s//version = "0.0.0"/' Cargo.toml
line=$(bash scripts/new-section.sh gated_unit | grep Panel)
if bash scripts/new-section.sh gated_unit 2>/dev/null; then fail "A section was overwritten."; fi
if bash scripts/new-section.sh 'Bad name' 2>/dev/null; then fail "An invalid name was accepted."; fi
sed -i "/^            transformer, /a\\$line" src/sections.rs
grep -q '^            gated_unit, GatedUnit, GatedUnitPanel, "Gated unit"' src/sections.rs || fail "The line was not added: $line"
# A section needs no other section, so all others are removed from the registry, and their tests are not compiled.
sed -i -E '/^            (gated_unit), /! s/^            [a-z_]+, [A-Za-z]+, [A-Za-z]+Panel, .*;$//' src/sections.rs
# One section does not use everything that sections share.
{
    echo '#![allow(dead_code, unused_imports)]'
    printf 'mod %s;\n' collector layers rust_paths section_contract
} >tests/native.rs
cargo test --quiet --features cpu --config 'profile.dev.package.nn-lab.opt-level=0' --test native -- gated_unit layers::
