#!/usr/bin/env bash
# Runs each fuzzer for so many seconds (default 60) and stops at the first finding. Needs a nightly compiler, which
# `rustup toolchain install nightly` brings; cargo-fuzz is installed into .tools when it is missing.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
tools=$(realpath ../..)/.tools
export PATH=$tools/bin:$PATH
command -v cargo-fuzz >/dev/null || cargo install --quiet --root "$tools" cargo-fuzz
for target in input expression requests views; do
  echo "» fuzzing $target for $seconds s" >&2
  mkdir -p "corpus/$target" "seeds/$target"
  cargo +nightly fuzz run --fuzz-dir . "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=6000 -max_len=4096 -timeout=20 -print_final_stats=1
done
echo "no finding" >&2
