#!/usr/bin/env bash
# Checks the dependencies: licenses and sources of the crates, as configured in deny.toml, and known vulnerabilities in the
# crates and in the packages of the browser tests. A list of vulnerabilities that cannot be downloaded is reported, but is
# not a failure.
# Usage: scripts/deny.sh crates | vulnerabilities
set -euo pipefail
source scripts/tools.sh

deny() { cargo-deny --color never "$@" 2>&1; }

crates() {
    local out
    # The findings are at the top of the output; a long list of dependents follows each of them.
    if ! out=$(deny check --hide-inclusion-graph licenses bans sources); then
        awk '/^(error|warning|note)/ { shown = /^error/ } shown' <<<"$out" >&2
        return 1
    fi
    say "$(grep -c '^warning\[duplicate\]' <<<"$out" || true) crates are present in several versions"
    if grep '^warning' <<<"$out" | grep -v '^warning\[duplicate\]' >&2; then say "deny.toml has entries that are not needed"; fi
}

vulnerabilities() {
    local status=0 out
    if timeout 60 cargo-deny fetch db >"$NN_LAB_HOME/log/advisories.log" 2>&1; then
        deny --offline check --hide-inclusion-graph advisories || status=1
    else
        say "RustSec's list cannot be downloaded here; known vulnerabilities of crates are not checked"
    fi
    if out=$(timeout 60 npm audit --prefix tests/e2e --json 2>/dev/null); then
        say "npm knows no vulnerabilities in the packages of the browser tests"
    elif [[ $out == *auditReportVersion* ]]; then
        npm audit --prefix tests/e2e >&2 || status=1
    else
        say "npm's list cannot be queried here; known vulnerabilities in the packages of the browser tests are not checked"
    fi
    return "$status"
}

case "${1:-}" in
    crates | vulnerabilities) "$1" ;;
    *) fail "scripts/deny.sh takes crates or vulnerabilities" ;;
esac
