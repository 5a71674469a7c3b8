#!/bin/sh
# Trunk calls this before it puts a built site in place: writes data/files.txt, which tells the page what data there
# is, so that it need not ask for files that may be missing.
set -eu
cd "$TRUNK_STAGING_DIR"
find data -type f ! -name files.txt | LC_ALL=C sort >files.tmp
mv files.tmp data/files.txt
