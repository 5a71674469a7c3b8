#!/bin/sh
# Writes documents of this project into a site that Trunk has built, in the frame of static/document.html: findings.html from
# docs/findings.md, and names.html from docs/embedding-lists.md. It knows the part of Markdown that these have: headings,
# paragraphs, code blocks, tables, code, links and comments. Code that starts with #/ is the address of a panel, and becomes a
# link to it.
# Usage: TRUNK_STAGING_DIR=FOLDER scripts/documents.sh
set -eu

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
grep -E '<link rel="(icon|stylesheet)"' "$TRUNK_STAGING_DIR/index.html" | grep -E 'rel="icon"|/(base|page)-' >"$parts/head.html"

# text DOCUMENT: prints it as HTML.
text() {
awk '
    function escaped(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/"/, "\\&quot;", text); return text }
    # The text of a paragraph or a cell, with its code and links.
    function words(text,    out, spans, n, i, code) {
        # The odd parts are outside of code, the even ones inside.
        n = split(escaped(text), spans, "`")
        for (i = 1; i <= n; i++) {
            code = spans[i]
            if (i % 2) out = out linked(code)
            else out = out (code ~ /^#\// ? "<a href=\"./" code "\"><code>" code "</code></a>" : "<code>" code "</code>")
        }
        return out
    }
    function linked(text,    out, link, at, start, size) {
        while (match(text, /\[[^]]*\]\(https:[^)]*\)/)) {
            start = RSTART; size = RLENGTH
            link = substr(text, start, size)
            at = index(link, "](")
            out = out substr(text, 1, start - 1) "<a href=\"" substr(link, at + 2, length(link) - at - 2) "\">" substr(link, 2, at - 2) "</a>"
            text = substr(text, start + size)
        }
        return out text
    }
    function end_paragraph() { if (paragraph != "") print "<p>" words(paragraph) "</p>"; paragraph = "" }
    function end_table() { if (rows) print "</tbody></table></div>"; rows = 0 }
    function row(line, tag,    cells, n, i, name) {
        n = split(line, cells, / *\| */)
        printf "<tr>"
        for (i = 2; i < n; i++) {
            name = tag == "td" && i == 2 ? "th scope=\"row\"" : tag == "th" ? "th scope=\"col\"" : "td"
            printf "<%s>%s</%s>", name, words(cells[i]), substr(name, 1, 2)
        }
        print "</tr>"
    }
    /^<!--/ { next }
    /^```/ { end_paragraph(); end_table(); printf "%s", code_block ? "</code></pre>\n" : "<pre tabindex=\"0\" aria-label=\"Command\"><code>"; code_block = !code_block; next }
    code_block { print escaped($0); next }
    /^#+ / {
        end_paragraph(); end_table()
        level = length($1) + 1
        title = substr($0, level + 1)
        # A heading that starts with a name is found under that name.
        if (match(title, /^`[^`]+`/)) id = substr(title, 2, RLENGTH - 2)
        else { id = tolower(title); gsub(/[^a-z0-9]+/, "-", id) }
        print "<h" level " id=\"" id "\">" words(title) "</h" level ">"
        heading = title; gsub(/`/, "", heading)
        next
    }
    /^\|[-|: ]+\|$/ { next }
    /^\|/ {
        end_paragraph()
        if (!rows++) {
            print "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" escaped(heading) "\"><table><thead>"
            row($0, "th")
            print "</thead><tbody>"
        } else row($0, "td")
        next
    }
    /^$/ { end_paragraph(); end_table(); next }
    { end_table(); paragraph = paragraph (paragraph == "" ? "" : " ") $0 }
    END { end_paragraph(); end_table() }' "$1"
}

# page DOCUMENT NAME TITLE
page() {
    text "$1" >"$parts/text.html"
    TITLE=$3 awk -v parts="$parts" '
        function put(name, line) { while ((getline line <(parts "/" name)) > 0) print line; close(parts "/" name) }
        /^ *HEAD_OF_THE_LAB$/ { put("head.html"); next }
        /^ *TEXT_OF_THE_DOCUMENT$/ { put("text.html"); next }
        { sub(/TITLE_OF_THE_DOCUMENT/, ENVIRON["TITLE"]); print }' static/document.html >"$TRUNK_STAGING_DIR/$2"
}

page docs/findings.md findings.html Findings
page docs/embedding-lists.md names.html Names
