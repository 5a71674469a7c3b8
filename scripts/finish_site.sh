#!/bin/sh
# Trunk calls this before it puts a built site in place. It needs nothing but a shell and what every system has: `trunk
# serve` alone should work where the wasm target and Trunk are there.
set -eu

# data/files.txt tells the page what data there is, so that it need not ask for files that may be missing.
(
    cd "$TRUNK_STAGING_DIR"
    find data -type f ! -name files.txt | LC_ALL=C sort >files.tmp
    mv files.tmp data/files.txt
)

sh scripts/about.sh
sh scripts/gpu_worker.sh site

page=$TRUNK_STAGING_DIR/index.html
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
if command -v sha256sum >/dev/null 2>&1; then sha256() { sha256sum; }; else sha256() { shasum -a 256; }; fi

# The styles of the sections in one file, which has a hash in its name as Trunk's own files do. A section's rules hold inside
# of its panel; `:where` adds nothing to their weight.
for section in src/sections/*/; do
    name=$(basename "$section")
    printf ':where([data-panel="%s"]) {\n' "$name"
    cat "$section/style.css"
    echo "}"
done >"$parts/sections.css"
styles=sections-$(sha256 <"$parts/sections.css" | cut -c 1-16).css
cp "$parts/sections.css" "$TRUNK_STAGING_DIR/$styles"

# hash_of: what a Content-Security-Policy calls the text on standard input, 'sha256-...' in base64.
hash_of() {
    sha256 | awk '{
        hex = "0123456789abcdef"
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        # Three hexadecimal digits are two letters; the last of the 64 digits, by itself, is one more.
        for (i = 1; i < 64; i += 3) {
            n = 256 * (index(hex, substr($1, i, 1)) - 1) + 16 * (index(hex, substr($1, i + 1, 1)) - 1) + index(hex, substr($1, i + 2, 1)) - 1
            out = out substr(letters, int(n / 64) + 1, 1) substr(letters, n % 64 + 1, 1)
        }
        printf " \047sha256-%s%s=\047", out, substr(letters, 4 * (index(hex, substr($1, 64, 1)) - 1) + 1, 1)
    }'
}

# The policy of the page allows no script that is written in HTML, but for those that it names by their hashes: the few
# lines by which Trunk starts the page. Each script that is written there goes to a file of its own, to the byte. The one by which `trunk serve` reloads the
# page is written anew for whoever asks, so that it has no hash: it gets a nonce, which no site that is built has.
LC_ALL=C awk -v folder="$parts" '
    { page = page $0 "\n" }
    END {
        ORS = ""
        while ((at = index(page, "<script")) > 0) {
            print substr(page, 1, at - 1)
            page = substr(page, at)
            end = index(page, ">")
            tag = substr(page, 1, end)
            text = substr(page, end + 1, index(page, "</script>") - end - 1)
            page = substr(page, end + 1 + length(text))
            if (text ~ /__TRUNK_/) sub(/<script/, "<script nonce=\"reload\"", tag)
            else if (tag !~ / src=/) print text >(folder "/script" ++count)
            print tag text
        }
        print page
    }' "$page" >"$parts/page"

scripts=
for script in "$parts"/script*; do scripts=$scripts$(hash_of <"$script"); done
if grep -q 'nonce="reload"' "$parts/page"; then scripts="$scripts 'nonce-reload'"; fi
sed "/http-equiv=\"Content-Security-Policy\"/ s# HASHES_OF_SCRIPTS#$scripts#; s#\./sections\.css#./$styles#" "$parts/page" >"$page"
