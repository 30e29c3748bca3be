#!/usr/bin/env bash
# Resolves requirements-dev.in in an empty environment and writes every version into requirements-dev.txt.
set -euo pipefail
source "$(dirname "$0")/../scripts/lib.sh"
cd "$REPO/host-python"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
say "resolving requirements-dev.in (a few minutes)"
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check -r requirements-dev.in
{
  echo "# Resolved from requirements-dev.in by \`make lock-python\`; not edited by hand."
  "$folder/bin/pip" freeze
} > requirements-dev.txt
