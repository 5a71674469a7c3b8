#!/usr/bin/env bash
# Runs the daily tests, or one part of them: lint, native, e2e. `./lab test e2e mlp registry` runs only these files of
# tests/e2e. `./lab test long` adds the browser tests that are tagged @long, as a build server does. `./lab test full` adds
# what takes minutes: the tests tagged @full and the native tests that are ignored otherwise. `./lab test gpu` is separate: it
# needs a GPU with Vulkan, for which a software device will do, and builds burn for it once. `./lab test hosts` is separate,
# too: it installs real course tools and tries panels in them. `./lab test python` installs notebooks and tries the Python package
# in them; the longer commands include it. `./lab test code` installs PyTorch and runs the programs that the
# page writes; once it is installed, the other commands run them, too.
# A part that fails does not stop the later ones.
set -uo pipefail
source scripts/tools.sh
source scripts/hosts.sh
source scripts/code.sh
source scripts/python.sh

part=${1:-all}
shift || true
case "$part" in
    all | long | full | lint | native | e2e | gpu | hosts | code | python) ;;
    *) fail "./lab test takes long, full, lint, native, e2e, gpu, hosts, code or python, not $part" ;;
esac
whole() { [[ $part == all || $part == long || $part == full ]]; }
wants() { whole || [[ $part == "$1" ]]; }

passed=0
failed=0
# Browser tests that passed only when they were retried.
flaky=()
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# The seconds that each part took, one line per part.
times=$logs/times
timed() { echo "$((SECONDS - $1)) $2" >>"$times"; }

# check NAME COMMAND...: runs a command that counts as one test.
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

# sum FILE LINES NUMBERS: adds up the numbers in all matches of NUMBERS, in lines that match LINES.
sum() {
    sed -E 's/\x1b\[[0-9;]*m//g' "$1" | grep -E "$2" | grep -oE "$3" | grep -oE '[0-9]+' | awk '{ total += $1 } END { print total + 0 }'
}

# tests NAME COMMAND...: runs tests of cargo or pytest, whose output has their number.
tests() {
    local name=$1 start=$SECONDS status good bad
    shift
    echo "=== $name"
    "$@" 2>&1 | tee "$logs/native"
    status=$?
    good=$(sum "$logs/native" 'Summary|test result:|^=+ .* in [0-9.]+s' '[0-9]+ passed')
    bad=$(sum "$logs/native" 'Summary|test result:|^=+ .* in [0-9.]+s' '[0-9]+ (failed|timed out|error)')
    # A build that fails counts as one failure.
    if ((status != 0 && bad == 0)); then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    timed "$start" "$name"
}

# browser WORKERS FOLDER ARGUMENT...: runs browser tests with as many workers, and leaves traces of failures in the folder
# target/e2e/FOLDER. The arguments go to Playwright.
browser() {
    local workers=$1 folder=target/e2e/$2 start=$SECONDS summary=$logs/summary status good bad name
    shift 2
    echo "=== browser tests; pictures are left in target/e2e/, traces of failures in $folder/"
    rm -f "$summary"
    NN_LAB_SUMMARY=$summary tests/e2e/node_modules/.bin/playwright test --config tests/e2e --forbid-only \
        --workers "$workers" --output "$folder" "$@"
    status=$?
    touch "$summary"
    good=$(sed -n 's/^passed //p' "$summary")
    bad=$(sed -n 's/^failed //p' "$summary")
    # A run without a result, say because a file has an error, counts as one failure.
    if ((status != 0 && ${bad:-0} == 0)); then bad=1; fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-0}))
    while read -r name; do flaky+=("$name"); done < <(sed -n 's/^flaky //p' "$summary")
    timed "$start" "browser tests, $workers at a time"
    sed -n 's/^seconds /    /p' "$summary" >>"$times"
}

build_site() {
    mkdir -p "$NN_LAB_DIST"
    trunk build --release --dist "$NN_LAB_DIST"
    bash scripts/small.sh "$NN_LAB_DIST"
}

need_page_tools
if [[ $part == long || $part == full ]]; then need_firefox; fi
export NN_LAB_DIST="$PWD/target/e2e/dist"

site_failed=0
# Much of the site's build is one linker on one core, so it runs in parallel with the native tests, into a log.
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
        # cargo does not find modules that a macro declares.
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
    check "programs with burn that the page writes" bash scripts/burn_crates.sh mlp cnn resnet rnn attention transformer
fi

if [[ $part == code ]]; then need_torch; fi
if [[ $part == code ]] || whole; then
    # Every wrong solution takes minutes; the daily run is content with the scripts.
    selection=(--quick)
    if [[ $part == code ]]; then selection=("$@"); fi
    if [[ $part == full ]]; then selection=(); fi
    if has_torch; then
        tests "programs for PyTorch that the page writes" code_tests "${selection[@]}"
    else
        say "PyTorch is missing; the programs that the page writes for it are not run (./lab test code installs it)"
    fi
fi

if [[ -n $site ]]; then
    echo "=== building the site (the first time about 20 minutes on two cores)"
    wait "$site"
    cat "$logs/site"
    timed "$start_of_site" "building the site, in parallel with the above"
    if [[ $(cat "$logs/site.status") == 0 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        site_failed=1
    fi
elif wants e2e || [[ $part == hosts || $part == python ]]; then
    need_e2e
    if [[ $part == hosts ]]; then need_hosts; fi
    before=$failed
    check "building the site (the first time about 20 minutes on two cores)" build_site
    site_failed=$((failed - before))
fi

if [[ $part == hosts ]] && ((site_failed == 0)); then
    browser 1 failed-hosts e2e/hosts/ 'e2e/(element|predictions)\.test\.mjs$'
fi

if [[ $part == python || $part == long || $part == full ]] && ((site_failed == 0)); then
    tests "the Python package, in notebooks" python_tests "$NN_LAB_DIST"
fi

if [[ $part == gpu ]]; then
    tests "a GPU (the first time about 20 minutes on two cores)" cargo test --no-default-features --features cpu,gpu --test gpu a_gpu -- --nocapture
fi

# These share dependencies and the build folder with the site, so they run after it.
if wants lint && cargo clippy --version >/dev/null 2>&1; then
    check "clippy, the page" cargo clippy --quiet --release --target "$WASM" --bin app -- -D warnings
    check "clippy, the worker for a GPU" cargo clippy --quiet --release --target "$WASM" --bin worker-gpu --no-default-features --features gpu -- -D warnings
    check "clippy, the worker for the CPU" cargo clippy --quiet --release --target "$WASM" --bin worker-cpu --no-default-features --features cpu -- -D warnings
    check "clippy, the worker for files" cargo clippy --quiet --release --target "$WASM" --bin worker-files --no-default-features --features reader -- -D warnings
fi

if wants e2e && ((site_failed == 0)); then
    # Tests in tests/e2e/full measure, or fill both cores by themselves, so they run one at a time.
    files=()
    slow_files=()
    for name in "$@"; do
        name=${name##*/}
        name=${name%.test.mjs}
        if [[ -f tests/e2e/full/$name.test.mjs ]]; then
            slow_files+=("e2e/full/$name\\.test\\.mjs\$")
        else
            files+=("e2e/$name\\.test\\.mjs\$")
        fi
    done
    case "$part" in
        all) selection=(--grep-invert '@long|@full') ;;
        full)
            selection=()
            slow_files=(e2e/full/)
            export NN_LAB_SEEDS=${NN_LAB_SEEDS:-3}
            ;;
        *) selection=(--grep-invert @full) ;;
    esac
    if (($# == 0)); then files=('e2e/[^/]+$'); fi
    # Two files at a time: while one waits for its worker, the other uses the other core.
    if ((${#files[@]} > 0)); then browser 2 failed "${selection[@]}" "${files[@]}"; fi
    if ((${#slow_files[@]} > 0)); then browser 1 failed-full "${slow_files[@]}"; fi
fi

echo "=== seconds"
cat "$times"
if ((${#flaky[@]} > 0)); then
    names=$(printf '%s; ' "${flaky[@]}")
    echo "${#flaky[@]} flaky: ${names%; }"
fi
echo "$passed passed, $failed failed"
((failed == 0))
