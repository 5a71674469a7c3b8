#!/usr/bin/env bash
# Makes a section in a copy of the project, as a contributor would, and runs what holds for every section on it.
set -euo pipefail
source scripts/tools.sh

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
# Always the same place, so that only what has changed is compiled.
copy=$CARGO_TARGET_DIR/try-new-section
rm -rf "$copy"
mkdir -p "$copy"
git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory "$copy"
cd "$copy"
# Another version: what is compiled of the copy must not be taken for the project's own.
sed -i '0,/^version = .*/s//version = "0.0.0"/' Cargo.toml
line=$(bash scripts/new-section.sh gated_unit | grep Panel)
if bash scripts/new-section.sh gated_unit 2>/dev/null; then fail "A section may not be made over another."; fi
if bash scripts/new-section.sh 'Bad name' 2>/dev/null; then fail "A bad name was taken."; fi
sed -i "/^            transformer, /a\\$line" src/sections.rs
grep -q '^            gated_unit, GatedUnit, GatedUnitPanel, "Gated unit"' src/sections.rs || fail "The line was not added: $line"
# A section needs no other one: what is not on the list is not compiled. Nor are the tests of the others.
sed -i -E '/^            (gated_unit), /! s/^            [a-z_]+, [A-Za-z]+, [A-Za-z]+Panel, .*;$//' src/sections.rs
# Nor is all of what they share used.
{
    echo '#![allow(dead_code, unused_imports)]'
    printf 'mod %s;\n' collector layers rust_paths section_contract
} >tests/native.rs
cargo test --quiet --features cpu --config 'profile.dev.package.nn-lab.opt-level=0' --test native -- gated_unit arrows
