#!/bin/sh
# Writes findings.html into a site that Trunk has built: docs/findings.md in the frame of static/findings.html. It knows
# the part of Markdown that the document has: headings, paragraphs, code blocks, tables, code and links. Code that starts
# with #/ is the address of a panel, and becomes a link to it.
# Usage: TRUNK_STAGING_DIR=FOLDER scripts/findings.sh
set -eu

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
grep -E '<link rel="(icon|stylesheet)"' "$TRUNK_STAGING_DIR/index.html" | grep -E 'rel="icon"|/(base|page)-' >"$parts/head.html"

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
    /^```/ { end_paragraph(); end_table(); printf "%s", code_block ? "</code></pre>\n" : "<pre tabindex=\"0\" aria-label=\"Command\"><code>"; code_block = !code_block; next }
    code_block { print escaped($0); next }
    /^#+ / {
        end_paragraph(); end_table()
        level = length($1) + 1
        title = substr($0, level + 1)
        id = tolower(title); gsub(/[^a-z0-9]+/, "-", id)
        print "<h" level " id=\"" id "\">" words(title) "</h" level ">"
        heading = title
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
    END { end_paragraph(); end_table() }' docs/findings.md >"$parts/text.html"

awk -v parts="$parts" '
    function put(name, line) { while ((getline line <(parts "/" name)) > 0) print line }
    /^ *HEAD_OF_THE_LAB$/ { put("head.html"); next }
    /^ *TEXT_OF_THE_FINDINGS$/ { put("text.html"); next }
    { print }' static/findings.html >"$TRUNK_STAGING_DIR/findings.html"
