#!/usr/bin/env bash
# Makes the wasm target, wasm-bindgen and wasm-pack available, the last two in .tools/bin.
#
# wasm-bindgen's command line must have exactly the version of the crate in Cargo.lock, so versions are compared,
# not just names. What is right on PATH or in the user's cache is linked; only the rest is compiled.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

WASM_BINDGEN=0.2.130
WASM_PACK=0.15.1
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/sightline/tools

has cargo || die "cargo is missing: install Rust 1.95 or newer with rustup, then run make again"
if has rustup && ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
  say "adding the Rust target wasm32-unknown-unknown"
  rustup target add wasm32-unknown-unknown
fi

mkdir -p "$REPO/.tools/bin"

# version_of COMMAND: the second word of `COMMAND --version`, or nothing.
version_of() { "$1" --version 2>/dev/null | awk '{print $2; exit}' || true; }

# provide BINARY CRATE VERSION TIME
provide() {
  local binary=$1 crate=$2 version=$3 time=$4
  [ "$(version_of "$REPO/.tools/bin/$binary")" = "$version" ] && return
  rm -f "$REPO/.tools/bin/$binary"
  local found=$CACHE/$crate-$version/bin/$binary
  if [ "$(version_of "$binary")" = "$version" ]; then
    found=$(command -v "$binary")
  elif [ "$(version_of "$found")" != "$version" ]; then
    say "compiling $crate $version (about $time, once)"
    # No --locked: the published lock file of wasm-bindgen-cli names versions that not every index has.
    cargo install "$crate" --version "$version" --root "$CACHE/$crate-$version" --quiet
  fi
  ln -s "$found" "$REPO/.tools/bin/$binary"
}

provide wasm-bindgen wasm-bindgen-cli "$WASM_BINDGEN" "3 minutes"
provide wasm-pack wasm-pack "$WASM_PACK" "2 minutes"
