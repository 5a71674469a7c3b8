#!/usr/bin/env bash
# Every test, or one part: lint, native, e2e. `./lab test e2e mlp registry` runs those files of tests/e2e alone.
# A part that fails does not keep the later ones from running.
set -uo pipefail
source scripts/tools.sh

part=${1:-all}
shift || true
case "$part" in
    all | lint | native | e2e) ;;
    *) fail "./lab test takes lint, native or e2e, not $part" ;;
esac
wants() { [[ $part == all || $part == "$1" ]]; }

passed=0
failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# What took how long, a line each: seconds, then what.
times=$logs/times
timed() { echo "$((SECONDS - $1)) $2" >>"$times"; }

# check NAME COMMAND...: counts as one test.
check() {
    local name=$1 start=$SECONDS
    shift
    echo "=== $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "=== $name FAILED"
    fi
    timed "$start" "$name"
}

# sum FILE LINES NUMBERS: adds up the numbers that are in such words, in such lines.
sum() {
    sed -E 's/\x1b\[[0-9;]*m//g' "$1" | grep -E "$2" | grep -oE "$3" | grep -oE '[0-9]+' | awk '{ total += $1 } END { print total + 0 }'
}

need_page_tools

if wants lint; then
    need_lints
    if cargo fmt --version >/dev/null 2>&1; then
        # Modules that a macro declares are not found by cargo.
        check "format" cargo fmt --check -- src/sections/*/mod.rs
    else
        say "rustfmt is missing; the format is not checked"
    fi
    if cargo clippy --version >/dev/null 2>&1; then
        check "clippy, native" cargo clippy --quiet --all-targets --features compute -- -D warnings
        check "clippy, the page" cargo clippy --quiet --release --target "$WASM" --bin app -- -D warnings
        check "clippy, the worker" cargo clippy --quiet --release --target "$WASM" --bin worker --no-default-features --features gpu -- -D warnings
    else
        say "clippy is missing; the lints are left out"
    fi
fi

if wants native; then
    start=$SECONDS
    echo "=== native tests (the first time about 10 minutes on two cores)"
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --features compute --no-fail-fast 2>&1 | tee "$logs/native"
    else
        cargo test --features compute --no-fail-fast 2>&1 | tee "$logs/native"
    fi
    status=$?
    good=$(sum "$logs/native" 'Summary|test result:' '[0-9]+ passed')
    bad=$(sum "$logs/native" 'Summary|test result:' '[0-9]+ (failed|timed out)')
    # Not even built: that is one failure.
    if ((status != 0 && bad == 0)); then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    timed "$start" "native tests"
    check "a new section from the template" bash scripts/try-new-section.sh
fi

if wants e2e; then
    need_e2e
    export NN_LAB_DIST="$PWD/target/e2e/dist"
    mkdir -p "$NN_LAB_DIST"
    before=$failed
    check "building the site (the first time about 20 minutes on two cores)" trunk build --dist "$NN_LAB_DIST"
    if ((failed == before)); then
        echo "=== browser tests (about 4 minutes on two cores); pictures are left in target/e2e/"
        files=()
        for name in "$@"; do files+=("tests/e2e/${name%.test.mjs}.test.mjs"); done
        if ((${#files[@]} == 0)); then files=(tests/e2e/*.test.mjs); fi
        # Two files at a time: while one waits for its worker, the other uses the other core.
        start=$SECONDS
        node --test --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
            --test-reporter=tap --test-reporter-destination="$logs/e2e" \
            --test-reporter=./tests/e2e/lib/times.mjs --test-reporter-destination="$logs/files" "${files[@]}"
        status=$?
        good=$(sum "$logs/e2e" '^# pass ' '[0-9]+')
        bad=$(sum "$logs/e2e" '^# (fail|cancelled) ' '[0-9]+')
        if ((status != 0 && bad == 0)); then bad=1; fi
        passed=$((passed + good))
        failed=$((failed + bad))
        timed "$start" "browser tests"
        sed 's/^/    /' "$logs/files" >>"$times"
    fi
fi

echo "=== seconds"
cat "$times"
echo "$passed passed, $failed failed"
((failed == 0))
