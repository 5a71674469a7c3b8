#!/usr/bin/env bash
# Creates a small section from the template in scripts/section/, and prints the line that registers it.
#
#   ./lab new-section NAME    NAME: lowercase letters, digits and _; it is the section's name in addresses
set -euo pipefail
source scripts/tools.sh

name=${1:-}
[[ $name =~ ^[a-z][a-z0-9_]{1,30}$ ]] || fail "The name of a section consists of lowercase letters, digits and _: ./lab new-section NAME"
folder=src/sections/$name
[[ ! -e $folder ]] || fail "The section $name already exists."

# gated_unit becomes GatedUnit and "Gated unit".
type=$(sed -E 's/(^|_)([a-z0-9])/\U\2/g' <<<"$name")
title=$(tr _ ' ' <<<"$name")
title=${title^}
mkdir -p "$folder"
for file in scripts/section/*; do
    sed -e "s/\bSectionPanel\b/${type}Panel/g; s/\bSection\b/$type/g; s/section_slug/$name/g; s/SECTION_TITLE/$title/g" \
        "$file" >"$folder/${file##*/}"
done
say "created $folder; register it with this line in src/sections.rs:"
echo "            $name, $type, ${type}Panel, \"$title\", \"Subtitle\";"
