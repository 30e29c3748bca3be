# What the two wasm fronts have in common; sourced by wasm-host/build.sh and wasm-js/build.sh.
#
# PROFILE=dev builds quickly and without wasm-opt, for a short edit-and-try loop. The default is release.

source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
PROFILE=${PROFILE:-release}
WASM_TARGET=wasm32-unknown-unknown
WASM_OUT=${CARGO_TARGET_DIR:-$REPO/target}/$WASM_TARGET

# Both fronts use the same flags, so that Cargo compiles the crates below them once. Of the features we want, rustc
# 1.95 has all but SIMD on by default for this target; being named, they stay on whatever the default becomes.
# Paths are cut off the text of panics, so that the same sources give the same bytes in every folder.
flags=(
  -C target-feature=+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext,+mutable-globals,+reference-types,+multivalue
  --remap-path-prefix="${CARGO_HOME:-$HOME/.cargo}/registry/src=crates"
  --remap-path-prefix="$REPO=."
)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; printf %s "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS

# optimise FILE [OPTION...]: runs wasm-opt on it in place. It is the one of npm's binaryen, because the releases that
# distributions carry are too old: 108 mixes up the tables of wasm-bindgen's output.
optimise() {
  local file=$1
  shift
  [ "$PROFILE" = release ] || return 0
  say "wasm-opt -O3 on $(basename "$file") (about a minute)"
  "$REPO/scripts/node_modules/.bin/wasm-opt" -O3 "$@" --enable-simd --enable-bulk-memory --enable-bulk-memory-opt \
    --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals --enable-reference-types \
    --enable-multivalue --enable-call-indirect-overlong "$file" -o "$file.opt"
  mv "$file.opt" "$file"
}

# settle FILE: gives a quick build an ancient date, so that `make` replaces it by a release build before it is used.
settle() { [ "$PROFILE" = release ] || touch -d @0 "$1"; }

# report FILE: its size, also as it travels.
report() {
  local size
  size="$(stat -c %s "$1") bytes"
  if has brotli; then size="$size, $(brotli -9 -c "$1" | wc -c) with brotli -9"; fi
  say "$(realpath --relative-to="$REPO" "$1"): $size"
}
