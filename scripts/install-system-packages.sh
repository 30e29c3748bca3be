#!/usr/bin/env bash
# Makes Debian packages available that the build or the tests call, by the command each one brings.
#
#   install-system-packages.sh [--optional] PACKAGE:COMMAND[,COMMAND...] ...
#
# A package is installed when none of its commands is found. With --optional, one that cannot be installed is
# reported and skipped; otherwise that is an error.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

optional=
if [ "${1:-}" = --optional ]; then optional=yes; shift; fi

# fail PACKAGE: cannot be had on this machine.
fail() {
  [ -n "$optional" ] || die "$1 is missing: install the package $1, then run make again"
  say "$1 is missing and cannot be installed here: going on without it"
}

apt_get() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get "$@"
  else
    sudo -n apt-get "$@"
  fi
}

updated=
for want in "$@"; do
  package=${want%%:*}
  present=
  for command in $(tr , ' ' <<<"${want#*:}"); do
    if has "$command"; then present=yes; fi
  done
  [ -z "$present" ] || continue
  if ! has apt-get || { [ "$(id -u)" != 0 ] && ! has sudo; }; then
    fail "$package"
    continue
  fi
  say "installing $package with apt-get"
  if [ -z "$updated" ]; then apt_get update -qq >&2 || true; updated=yes; fi
  apt_get install -y -qq --no-install-recommends "$package" >/dev/null || fail "$package"
done
