#!/usr/bin/env bash
# Makes Debian packages available that the tests call, by the command each one brings.
#
#   install-system-packages.sh PACKAGE:COMMAND[,COMMAND...] ...
#
# A package is installed when none of its commands is found.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

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
  has apt-get || die "$package is missing, and there is no apt-get: install it, then run make again"
  say "installing $package with apt-get"
  if [ -z "$updated" ]; then
    apt_get update -qq >&2 || say "apt-get update failed: going on with the lists that are there"
    updated=yes
  fi
  apt_get install -y -qq --no-install-recommends "$package" >/dev/null ||
    die "$package is missing and could not be installed: install it, then run make again"
done
