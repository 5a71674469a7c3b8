#!/usr/bin/env bash
# Makes a small section from the template in scripts/section/, and says which line registers it.
#
#   ./lab new-section NAME    NAME: small letters, digits and _; it is the section's name in addresses
set -euo pipefail
source scripts/tools.sh

name=${1:-}
[[ $name =~ ^[a-z][a-z0-9_]{1,30}$ ]] || fail "Give the section a name of small letters, digits and _: ./lab new-section NAME"
folder=src/sections/$name
[[ ! -e $folder ]] || fail "There is a section $name already."

# gated_unit becomes GatedUnit and "Gated unit".
type=$(sed -E 's/(^|_)([a-z0-9])/\U\2/g' <<<"$name")
title=$(tr _ ' ' <<<"$name")
title=${title^}
mkdir -p "$folder"
for file in scripts/section/*; do
    sed -e "s/\bSectionPanel\b/${type}Panel/g; s/\bSection\b/$type/g; s/section_slug/$name/g; s/SECTION_TITLE/$title/g" \
        "$file" >"$folder/${file##*/}"
done
say "$folder is made; this line in src/sections.rs registers it:"
echo "            $name, $type, ${type}Panel, \"$title\", \"What it is about\";"
