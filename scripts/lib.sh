# Helpers for the build scripts; sourced, never run.
#
# Gives REPO (the folder of the repo), say (one line of progress) and has (is this command there?), and puts
# the repo's own tools and rustup's cargo on PATH, whatever shell the caller came from.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$REPO/.tools/bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"

say() { printf '» %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
