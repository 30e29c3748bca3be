#!/usr/bin/env bash
# Builds the engine for wasmtime and puts it into the Python package as _engine.wasm. PROFILE=dev for a quick build.
set -euo pipefail
source "$(dirname "$0")/../wasm-build.sh"
cd "$REPO"

say "compiling the engine for wasmtime ($PROFILE; a few minutes from cold)"
# The host saves and restores the stack pointer around a trap, so it must be exported.
cargo rustc --locked --profile "$PROFILE" --target "$WASM_TARGET" -p sightline-wasm-host --lib \
  -- -C link-arg=--export=__stack_pointer

case $PROFILE in dev) folder=debug ;; *) folder=$PROFILE ;; esac
module=$REPO/host-python/src/sightline/_engine.wasm
mkdir -p "$(dirname "$module")"
cp "$WASM_OUT/$folder/sightline_wasm_host.wasm" "$module.new"
# -g keeps the names of functions: the stack of a trap in a log says where it was.
optimise "$module.new" -g
mv "$module.new" "$module"
settle "$module"
report "$module"
