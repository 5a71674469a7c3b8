#!/usr/bin/env bash
# Builds the Python package with a site in it: bash scripts/wheel.sh SITE_FOLDER OUT_FOLDER. Prints one JSON object with the
# name and the size of the wheel. Fails if it is larger than a course should have to download.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/tools.sh
source scripts/python.sh

MAX_WHEEL_BYTES=12000000

(($# == 2)) || fail "bash scripts/wheel.sh SITE_FOLDER OUT_FOLDER"
site=$(realpath "$1")
[[ -f $site/index.html ]] || fail "There is no site in $1; build it with ./lab build."
need_wheel_tools
mkdir -p "$2"
rm -f "$2"/nn_lab-*.whl
NN_LAB_SITE=$site logged wheel "$WHEEL_PYTHON" -m build --wheel --no-isolation --outdir "$2" python || fail "The wheel could not be built."
wheel=$(echo "$2"/nn_lab-*.whl)
bytes=$(wc -c <"$wheel")
((bytes <= MAX_WHEEL_BYTES)) || fail "$wheel has $bytes bytes, and $MAX_WHEEL_BYTES at most are allowed."
printf '{"file": "%s", "bytes": %d}\n' "$wheel" "$bytes"
