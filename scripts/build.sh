#!/usr/bin/env bash
# Builds the optimized static site into dist/: relative addresses, no server of its own, nothing from another origin, and
# usable offline after the first visit. Also writes the site as one file, nn-lab-VERSION.zip, and as a Python package,
# nn_lab-VERSION-py3-none-any.whl.
set -euo pipefail
source scripts/tools.sh

if (($#)); then fail "./lab build takes no arguments, not $*"; fi

need_page_tools
need_node
need_python

say "building (the first time about 20 minutes on two cores, later seconds)"
trunk build --release
bash scripts/small.sh dist

node scripts/ship.mjs dist
say "compressing (about a minute)"
node scripts/compress.mjs dist
archive=nn-lab-$(awk -F'"' '/^version/ { print $2; exit }' Cargo.toml).zip
python3 scripts/zip.py dist "$archive"
bash scripts/wheel.sh dist .
say "the site is in dist/; any static host serves it, best one that sends the .br files where it can"
say "$archive is the same in one file: unpack it into a folder of a web server"
say "nn_lab-*.whl is the package for notebooks, with the site in it: pip install it"
