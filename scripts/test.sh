#!/usr/bin/env bash
# The tests of every day, or one part of them: lint, native, e2e. `./lab test e2e mlp registry` runs those files of tests/e2e
# alone. `./lab test long` adds the browser tests that are called `long`, as a build server does. `./lab test full` adds
# what takes minutes, too: the tests in tests/e2e/full and the native ones that are ignored otherwise. `./lab test gpu` is by
# itself: it needs a GPU with Vulkan, one in software will do, and builds burn for it once.
# A part that fails does not keep the later ones from running.
set -uo pipefail
source scripts/tools.sh

part=${1:-all}
shift || true
case "$part" in
    all | long | full | lint | native | e2e | gpu) ;;
    *) fail "./lab test takes long, full, lint, native, e2e or gpu, not $part" ;;
esac
whole() { [[ $part == all || $part == long || $part == full ]]; }
wants() { whole || [[ $part == "$1" ]]; }

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

# tests NAME COMMAND...: native tests, which tell how many they are.
tests() {
    local name=$1 start=$SECONDS status good bad
    shift
    echo "=== $name"
    "$@" 2>&1 | tee "$logs/native"
    status=$?
    good=$(sum "$logs/native" 'Summary|test result:' '[0-9]+ passed')
    bad=$(sum "$logs/native" 'Summary|test result:' '[0-9]+ (failed|timed out)')
    # Not even built: that is one failure.
    if ((status != 0 && bad == 0)); then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    timed "$start" "$name"
}

# run_files CONCURRENCY FILE...: browser tests, so many files at a time; sets good, bad and status.
run_files() {
    local concurrency=$1
    shift
    node --test --test-concurrency="$concurrency" --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$logs/e2e" \
        --test-reporter=./tests/e2e/lib/times.mjs --test-reporter-destination="$logs/files" "$@"
    status=$?
    good=$(sum "$logs/e2e" '^# pass ' '[0-9]+')
    bad=$(sum "$logs/e2e" '^# (fail|cancelled) ' '[0-9]+')
    if ((status != 0 && bad == 0)); then bad=1; fi
}

# browser CONCURRENCY FILE...: browser tests. The longest begin first, as far as is known. Where one to three fail, their files
# are done a second time by themselves: what passes then failed by the machine's pace, and is named in the last lines.
browser() {
    local concurrency=$1 start=$SECONDS known=target/e2e/seconds.txt status good bad files again
    shift
    mkdir -p target/e2e
    touch "$known"
    mapfile -t files < <(for file in "$@"; do
        echo "$(awk -v name="${file##*/}" '$2 == name { print $1 }' "$known" | tail -n 1) $file"
    done | sort -rn | awk '{ print $NF }')
    echo "=== browser tests; pictures are left in target/e2e/"
    run_files "$concurrency" "${files[@]}"
    timed "$start" "browser tests, $concurrency at a time"
    sed 's/^/    /' "$logs/files" >>"$times"
    cat "$logs/files" >>"$known"
    mapfile -t again < <(awk '$3 == "failed" { print $2 }' "$logs/files")
    if ((bad > 0 && bad <= 3 && ${#again[@]} > 0)); then
        local first_good=$good first_bad=$bad
        mapfile -t again < <(for name in "${again[@]}"; do printf '%s\n' "${files[@]}" | grep -F "/$name"; done)
        echo "=== once more, by itself: ${again[*]}"
        start=$SECONDS
        run_files 1 "${again[@]}"
        if ((bad > first_bad)); then bad=$first_bad; fi
        good=$((first_good + first_bad - bad))
        timed "$start" "$((first_bad - bad)) of $first_bad failed browser tests passed the second time: ${again[*]}"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

build_site() {
    mkdir -p "$NN_LAB_DIST"
    trunk build --dist "$NN_LAB_DIST"
    bash scripts/small.sh "$NN_LAB_DIST"
}

need_page_tools
if [[ $part == long || $part == full ]]; then need_firefox; fi
export NN_LAB_DIST="$PWD/target/e2e/dist"

site_failed=0
# What the files of tests do only when there is time for it.
if [[ $part == full ]]; then export NN_LAB_FULL=1; fi
if [[ $part == all ]]; then export NN_LAB_QUICK=1; fi
# Much of the site's build is one linker on one core, so it goes on beside the native tests, into a log.
site=
if whole; then
    need_e2e
    start_of_site=$SECONDS
    (build_site >"$logs/site" 2>&1; echo $? >"$logs/site.status") &
    site=$!
fi

if wants lint; then
    need_lints
    if cargo fmt --version >/dev/null 2>&1; then
        # Modules that a macro declares are not found by cargo.
        check "format" cargo fmt --check -- src/sections/*/mod.rs
    else
        say "rustfmt is missing; the format is not checked"
    fi
    if cargo clippy --version >/dev/null 2>&1; then
        check "clippy, native" cargo clippy --quiet --all-targets --features cpu -- -D warnings
    else
        say "clippy is missing; the lints are left out"
    fi
    need_deny
    if have cargo-deny; then
        check "licenses and sources of the crates" bash scripts/deny.sh crates
        need_node
        check "known vulnerabilities of dependencies" bash scripts/deny.sh vulnerabilities
    else
        say "cargo-deny is missing; licenses and known vulnerabilities are not checked"
    fi
fi

if wants native; then
    if cargo nextest --version >/dev/null 2>&1; then
        tests "native tests (the first time about 10 minutes on two cores)" cargo nextest run --features cpu --no-fail-fast
        if [[ $part == full ]]; then
            tests "native tests of minutes" cargo nextest run --features cpu --no-fail-fast --run-ignored only \
                -E 'not test(/^transformer_measure::/)'
        fi
    else
        tests "native tests (the first time about 10 minutes on two cores)" cargo test --features cpu --no-fail-fast
        if [[ $part == full ]]; then
            tests "native tests of minutes" cargo test --features cpu --no-fail-fast -- --ignored --skip transformer_measure::
        fi
    fi
    check "a new section from the template" bash scripts/try-new-section.sh
fi

if [[ -n $site ]]; then
    echo "=== building the site (the first time about 20 minutes on two cores)"
    wait "$site"
    cat "$logs/site"
    timed "$start_of_site" "building the site, beside what is above"
    if [[ $(cat "$logs/site.status") == 0 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        site_failed=1
    fi
elif wants e2e; then
    need_e2e
    before=$failed
    check "building the site (the first time about 20 minutes on two cores)" build_site
    site_failed=$((failed - before))
fi

if [[ $part == gpu ]]; then
    tests "a GPU (the first time about 20 minutes on two cores)" cargo test --no-default-features --features cpu,gpu --test gpu a_gpu -- --nocapture
fi

# After the site, whose dependencies and build folder these share.
if wants lint && cargo clippy --version >/dev/null 2>&1; then
    check "clippy, the page" cargo clippy --quiet --release --target "$WASM" --bin app -- -D warnings
    check "clippy, the worker for a GPU" cargo clippy --quiet --release --target "$WASM" --bin worker-gpu --no-default-features --features gpu -- -D warnings
    check "clippy, the worker for the CPU" cargo clippy --quiet --release --target "$WASM" --bin worker-cpu --no-default-features --features cpu -- -D warnings
fi

if wants e2e && ((site_failed == 0)); then
    files=()
    for name in "$@"; do
        file=tests/e2e/${name%.test.mjs}.test.mjs
        [[ -f $file ]] || file=tests/e2e/full/${name%.test.mjs}.test.mjs
        files+=("$file")
    done
    if ((${#files[@]} == 0)); then files=(tests/e2e/*.test.mjs); fi
    # Two files at a time: while one waits for its worker, the other uses the other core.
    browser 2 "${files[@]}"
    # These measure, or fill both cores by themselves.
    if [[ $part == full ]]; then browser 1 tests/e2e/full/*.test.mjs; fi
fi

echo "=== seconds"
cat "$times"
echo "$passed passed, $failed failed"
((failed == 0))
