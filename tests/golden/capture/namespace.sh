#!/bin/sh
# Records the conntrack of the running kernel, in a network namespace of its own.
#
#   namespace.sh FILE.jsonl [SCENE...]
#
# Needs: unshare, nsenter, ip, nft, ping; cargo, or RECORDER set to the built program. What the kernel
# or the user may not do is said in lines that begin with SKIPPED.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
file=${1:?usage: namespace.sh FILE.jsonl [SCENE...]}
shift
if [ -z "${RECORDER:-}" ]; then
  cargo build --quiet --release --manifest-path "$here/recorder/Cargo.toml"
  RECORDER=${CARGO_TARGET_DIR:-$here/../../../target}/release/ctnetlink-recorder
fi
# The owner of a namespace may make user-space helpers; in a user namespace nobody may.
for flag in -n -Urn; do
  if unshare "$flag" true 2>/dev/null; then
    exec unshare "$flag" "$RECORDER" record "$file" "$@"
  fi
done
echo "SKIPPED recording: no network namespace of its own"
