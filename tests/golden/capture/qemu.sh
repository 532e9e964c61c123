#!/bin/sh
# Records the conntrack of a Debian kernel in QEMU, without KVM and without root.
#
#   qemu.sh FOLDER RELEASE [PARAMETER...]
#   qemu.sh FOLDER PACKAGE.deb[,PACKAGE.deb...] [PARAMETER...]
#
# RELEASE is the output of `uname -r` on that kernel, such as 6.1.0-50-amd64. The script downloads its
# packages with `apt-get download` from your sources. You can also give the packages: linux-image-*, and
# since 7.x linux-base-*, linux-binary-* and linux-modules-*. PARAMETERs are kernel parameters, such as
# security=selinux.
#
# The script writes messages.jsonl, nlmon.pcap, log.txt (with SKIPPED lines) and dmesg.txt to FOLDER. It
# needs qemu-system-x86_64, busybox (static), ip, nft, tcpdump, ping, depmod, cpio and xz; apparmor_parser
# for one more context; and cargo, or the path of the built program in RECORDER.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: qemu.sh FOLDER RELEASE|PACKAGE.deb[,PACKAGE.deb...] [PARAMETER...]}
kernel=${2:?a release or packages}
shift 2
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -z "${RECORDER:-}" ]; then
  cargo build --quiet --release --manifest-path "$here/recorder/Cargo.toml"
  RECORDER=${CARGO_TARGET_DIR:-$here/../../../target}/release/ctnetlink-recorder
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/deb" "$work/kernel" "$work/root"

# Unpack the kernel.
case $kernel in
  *.deb)
    for package in $(echo "$kernel" | tr , ' '); do
      cp "$package" "$work/deb"
    done ;;
  *)
    # Which packages exist depends on the release; missing ones are skipped.
    for part in image base binary modules; do
      (cd "$work/deb" && apt-get download "linux-$part-$kernel") || true
    done ;;
esac
for package in "$work"/deb/*.deb; do
  dpkg -x "$package" "$work/kernel"
done
vmlinuz=$(find "$work/kernel" -name 'vmlinuz*' -type f | head -n 1)
modules=$(find "$work/kernel" -path '*lib/modules/*' -prune -type d | head -n 1)
release=$(basename "$modules")

# Copy the modules of connection tracking and of the devices. They are decompressed for busybox.
root=$work/root
mkdir -p "$root/bin" "$root/sbin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc"
(cd "$modules" && find kernel -path '*/netfilter/*' -o -path 'kernel/lib/*' \
  -o -name 'veth.ko*' -o -name 'nlmon.ko*' -o -name 'virtio*.ko*' -o -path 'kernel/net/netlink/*' \
  -o -path 'kernel/crypto/*' | cpio -pdm --quiet "$root/lib/modules/$release")
cp "$modules"/modules.builtin "$modules"/modules.builtin.modinfo "$modules"/modules.order "$root/lib/modules/$release"
find "$root/lib/modules" -name '*.ko.xz' -exec xz -d {} +
find "$root/lib/modules" -name '*.ko.zst' -exec zstd -q -d --rm {} +
depmod -b "$root" "$release"

# Copy programs of the host, with their libraries.
cp "$(command -v busybox)" "$root/bin/busybox"
for program in ip nft ping tcpdump unshare nsenter "$RECORDER"; do
  path=$(command -v "$program" || true)
  if [ -z "$path" ]; then
    echo "SKIPPED $program: not installed"
    continue
  fi
  cp "$path" "$root/bin"
  ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
done
# An AppArmor profile adds a security context.
if ! echo 'profile recorded flags=(attach_disconnected) { network, }' |
  apparmor_parser --skip-kernel-load --skip-cache -o "$root/recorded.apparmor" 2> "$work/apparmor"; then
  echo "SKIPPED the context of an AppArmor profile: $(head -n 1 "$work/apparmor")"
  rm -f "$root/recorded.apparmor"
fi
cp "$here/init.sh" "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$work/initrd"

# The results are returned as a tar archive on a disk.
truncate -s 64M "$work/disk"
timeout "${TIMEOUT:-900}" qemu-system-x86_64 -m 1500 -smp 1 -display none -no-reboot -serial stdio -net none \
  -kernel "$vmlinuz" -initrd "$work/initrd" -drive "file=$work/disk,format=raw,if=virtio" \
  -append "console=ttyS0 panic=-1 quiet $*" < /dev/null > "$out/console.txt" 2>&1 || true
tar -xf "$work/disk" -C "$out" 2>/dev/null || { tail -n 20 "$out/console.txt"; exit 1; }
cat "$out/log.txt"
