#!/bin/sh
# Writes about.html into a site that Trunk has built: the crates of the lab, its version, and how to cite it. The page is
# generated from static/about.html and cargo's output. It is separate from the app, so that only those who open it download it.
# Usage: TRUNK_STAGING_DIR=FOLDER scripts/about.sh
set -eu

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
tab=$(printf '\t')

# crates EDGES: name, version, license and repository of every crate in the page and the workers, one per line.
crates() {
    cargo tree --locked --target wasm32-unknown-unknown --no-default-features --features page,cpu,gpu --edges "$1" \
        --prefix none --format "{p}$tab{l}$tab{r}" |
        # Cargo marks a package that it has printed before with (*), in the last column.
        awk -F "$tab" -v OFS="$tab" '{ split($1, of, " "); sub(/ \(\*\)$/, ""); print of[1], substr(of[2], 2), $2, $3 }' |
        LC_ALL=C sort -u
}

# table FILE LABEL: the lines as an HTML table.
table() {
    awk -F "$tab" -v label="$2" '
        function words(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/"/, "\\&quot;", text); return text }
        BEGIN { print "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" label "\"><table data-crates><thead><tr><th scope=\"col\">Crate</th><th scope=\"col\">Version</th><th scope=\"col\">License</th></tr></thead><tbody>" }
        {
            name = $4 ~ /^https:/ ? "<a href=\"" words($4) "\">" words($1) "</a>" : words($1)
            print "<tr><th scope=\"row\">" name "</th><td>" words($2) "</td><td>" words($3) "</td></tr>"
        }
        END { print "</tbody></table></div>" }' "$1"
}

own='^nn-lab'
crates no-build,no-dev,no-proc-macro | grep -v "$own" >"$parts/shipped"
crates no-dev | grep -v "$own" | LC_ALL=C comm -23 - "$parts/shipped" >"$parts/tools"
table "$parts/shipped" "Crates in the page and the compute engine" >"$parts/shipped.html"
table "$parts/tools" "Crates used to build them" >"$parts/tools.html"
grep -E '<link rel="(icon|stylesheet)"' "$TRUNK_STAGING_DIR/index.html" | grep -E 'rel="icon"|/(base|page)-' >"$parts/head.html"

version=$(awk -F'"' '/^version/ { print $2; exit }' Cargo.toml)
title=$(sed -n 's/^title: //p' CITATION.cff)
# The year of the last commit, or of today if there is no history.
year=$(git log -1 --format=%cd --date=format:%Y 2>/dev/null || date +%Y)
awk -v parts="$parts" -v version="$version" -v title="$title" -v year="$year" \
    -v shipped="$(wc -l <"$parts/shipped" | tr -d ' ')" -v tools="$(wc -l <"$parts/tools" | tr -d ' ')" '
    function put(name, line) { while ((getline line <(parts "/" name)) > 0) print line }
    /^ *HEAD_OF_THE_LAB$/ { put("head.html"); next }
    /^ *TABLE_OF_SHIPPED$/ { put("shipped.html"); next }
    /^ *TABLE_OF_TOOLS$/ { put("tools.html"); next }
    {
        gsub(/VERSION_OF_THE_LAB/, version)
        gsub(/TITLE_OF_THE_LAB/, title)
        gsub(/YEAR_OF_THE_LAB/, year)
        gsub(/NUMBER_OF_SHIPPED/, shipped)
        gsub(/NUMBER_OF_TOOLS/, tools)
        print
    }' static/about.html >"$TRUNK_STAGING_DIR/about.html"
