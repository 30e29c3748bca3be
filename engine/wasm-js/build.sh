#!/usr/bin/env bash
# Builds the engine for browsers and Node into www/pkg with wasm-pack. PROFILE=dev for a quick build.
#
# One module serves both: Node instantiates the output of the `web` target from the bytes of the file.
set -euo pipefail
source "$(dirname "$0")/../wasm-build.sh"
cd "$REPO"

say "compiling the engine for browsers and Node ($PROFILE; a few minutes from cold)"
# no-install: wasm-pack takes wasm-bindgen from PATH and fetches nothing; wasm-opt is ours to run.
wasm-pack --log-level warn build engine/wasm-js --mode no-install --target web "--$PROFILE" \
  --no-pack --no-opt --no-gitignore --out-dir "$REPO/www/pkg" --out-name sightline_engine -- --locked
optimise www/pkg/sightline_engine_bg.wasm
settle www/pkg/sightline_engine_bg.wasm
report www/pkg/sightline_engine_bg.wasm
