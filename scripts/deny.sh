#!/usr/bin/env bash
# Looks over what others have written: licenses and sources of the crates, known holes in them and in what the browser tests
# need. deny.toml says what is asked. What cannot be looked up where there is no way to the lists is said, and is no failure.
# Usage: scripts/deny.sh crates | holes
set -euo pipefail
source scripts/tools.sh

deny() { cargo-deny --color never "$@" 2>&1; }

crates() {
    local out
    # What is found is at the top of the output, and behind each finding a long list of who needs the crate.
    if ! out=$(deny check --hide-inclusion-graph licenses bans sources); then
        awk '/^(error|warning|note)/ { shown = /^error/ } shown' <<<"$out" >&2
        return 1
    fi
    say "$(grep -c '^warning\[duplicate\]' <<<"$out" || true) crates come in several versions"
    if grep '^warning' <<<"$out" | grep -v '^warning\[duplicate\]' >&2; then say "deny.toml has more than is needed"; fi
}

holes() {
    local status=0 out
    if timeout 60 cargo-deny fetch db >"$NN_LAB_HOME/log/advisories.log" 2>&1; then
        deny --offline check --hide-inclusion-graph advisories || status=1
    else
        say "RustSec's list cannot be fetched here; known holes of crates are not looked up"
    fi
    if out=$(timeout 60 npm audit --prefix tests/e2e --json 2>/dev/null); then
        say "npm knows no holes of what the browser tests need"
    elif [[ $out == *auditReportVersion* ]]; then
        npm audit --prefix tests/e2e >&2 || status=1
    else
        say "npm's list cannot be asked here; known holes of what the browser tests need are not looked up"
    fi
    return "$status"
}

case "${1:-}" in
    crates | holes) "$1" ;;
    *) fail "scripts/deny.sh takes crates or holes" ;;
esac
