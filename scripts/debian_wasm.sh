#!/usr/bin/env bash
# Adds the target wasm32-unknown-unknown to Debian's Rust compiler, from the sources that Debian packages with it, for
# machines where rustup cannot download the target. Needs root, or sudo without a password.
set -euo pipefail
source scripts/tools.sh

apt rustc-web cargo-web rust-web-src || fail "Debian's packages rustc-web, cargo-web and rust-web-src could not be installed."
apt rust-web-clippy rustfmt-web || say "clippy and rustfmt could not be installed; the lints will be skipped"

host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
lib=/usr/lib/rustlib
sudo=()
if [[ $(id -u) != 0 ]]; then sudo=(sudo -n); fi

# The linker: LLD 19 or later.
find_lld() { compgen -G '/usr/lib/llvm-*/bin/lld' | sort -V | tail -n 1; }
lld=$(find_lld || true)
if [[ -z $lld ]]; then
    apt lld-22 || apt lld-19 || apt lld || fail "Debian's package lld could not be installed."
    lld=$(find_lld || true)
fi
[[ -n $lld ]] || fail "lld was installed, but is not in /usr/lib/llvm-*/bin."

# Building an empty crate with -Z build-std compiles the standard library, whose parts make up a target folder.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
echo '#![no_std]' >"$work/src/lib.rs"
printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n' >"$work/Cargo.toml"
build_std() {
    cd "$work"
    env -u RUSTUP_TOOLCHAIN -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_DIR PATH="/usr/bin:$PATH" \
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
        /usr/bin/cargo build -Z build-std=std,panic_abort --release --target "$WASM"
}
logged build-std build_std || fail "The standard library could not be built for $WASM."

"${sudo[@]}" rm -rf "$lib/$WASM/lib"
"${sudo[@]}" mkdir -p "$lib/$WASM/lib" "$lib/$host/bin"
rm -f "$work/target/$WASM/release/deps"/libempty*
"${sudo[@]}" cp "$work/target/$WASM/release/deps"/*.rlib "$lib/$WASM/lib/"
"${sudo[@]}" ln -sf "$lld" "$lib/$host/bin/rust-lld"
/usr/bin/rustc -vV | "${sudo[@]}" tee "$lib/$WASM/nn-lab-stamp" >/dev/null
