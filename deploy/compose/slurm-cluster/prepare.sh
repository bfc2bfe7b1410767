#!/bin/sh
# Puts beside this file what the image is built from: the executables, and a munge key of this cluster's own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
executables=${1:-$here/../../../dist/executables}
mkdir -p "$here/image"
for program in navarch navarch-node; do
  if [ ! -f "$executables/$program-linux-amd64" ]; then
    echo "prepare.sh: $executables/$program-linux-amd64 is missing: npm ci && npm run build:executables, or name its folder" >&2
    exit 1
  fi
  install -m 755 "$executables/$program-linux-amd64" "$here/image/$program"
done
if [ ! -f "$here/image/munge.key" ]; then
  (umask 077 && head -c 128 /dev/urandom >"$here/image/munge.key")
fi
