#!/bin/sh
# Records the conntrack of the running kernel, in a network namespace of its own.
#
#   namespace.sh FILE.jsonl [SCENE...]
#
# The script needs unshare, nsenter, ip, nft and ping; and cargo, or the path of the built program in
# RECORDER. Lines that begin with SKIPPED report what the kernel or the user cannot do.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
file=${1:?usage: namespace.sh FILE.jsonl [SCENE...]}
shift
if [ -z "${RECORDER:-}" ]; then
  cargo build --quiet --release --manifest-path "$here/recorder/Cargo.toml"
  RECORDER=${CARGO_TARGET_DIR:-$here/../../../target}/release/ctnetlink-recorder
fi
# With -n, root can create user-space helpers; in a user namespace nobody can.
for flag in -n -Urn; do
  if unshare "$flag" true 2>/dev/null; then
    exec unshare "$flag" "$RECORDER" record "$file" "$@"
  fi
done
echo "SKIPPED recording: no network namespace of its own"
