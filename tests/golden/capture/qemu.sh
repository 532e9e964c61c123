#!/bin/sh
# Records the conntrack of a Debian kernel (amd64, i386 or armhf) in QEMU, without KVM and without root.
#
#   qemu.sh FOLDER RELEASE [PARAMETER...]
#   qemu.sh FOLDER PACKAGE.deb[,PACKAGE.deb...] [PARAMETER...]
#
# RELEASE is the output of `uname -r` on that kernel, such as 6.1.0-50-amd64 or 6.1.0-50-armmp-lpae. The
# script downloads its packages with apt-get from your sources. You can also give the packages:
# linux-image-*, and since 7.x linux-base-*, linux-binary-* and linux-modules-*. PARAMETERs are kernel
# parameters, such as security=selinux.
#
# The script writes messages.jsonl, nlmon.pcap, log.txt (with SKIPPED lines) and dmesg.txt to FOLDER. It
# needs apt-get, depmod, cpio and xz; apparmor_parser for one more context; and cargo with the standard
# library of the kernel's machine (`rustup target add`), or the path of the built program in RECORDER.
# Other packages are unpacked to ~/.cache/ctnetlink-recorder, and not installed: the programs of the
# recorded machine, and QEMU and a C compiler if your machine lacks them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: qemu.sh FOLDER RELEASE|PACKAGE.deb[,PACKAGE.deb...] [PARAMETER...]}
kernel=${2:?a release or packages}
shift 2
mkdir -p "$out"
out=$(cd "$out" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ctnetlink-recorder
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$work/deb" "$work/kernel" "$root"

# Which machine it is.
case $kernel in
  *.deb) architecture=$(echo "$kernel" | tr , '\n' | while read -r package; do
      dpkg-deb -f "$package" Architecture
    done | grep -v -x all | head -n 1) ;;
  *-686 | *-686-pae) architecture=i386 ;;
  *-armmp | *-armmp-lpae) architecture=armhf ;;
  *) architecture=amd64 ;;
esac
machine= console=ttyS0 qemu=qemu-system-x86_64 qemu_package=qemu-system-x86
case $architecture in
  amd64) target=x86_64-unknown-linux-gnu gcc=x86_64-linux-gnu-gcc gcc_packages=gcc ;;
  i386) target=i686-unknown-linux-gnu gcc=i686-linux-gnu-gcc gcc_packages="gcc-i686-linux-gnu libc6-dev-i386-cross" ;;
  armhf)
    target=armv7-unknown-linux-gnueabihf
    gcc=arm-linux-gnueabihf-gcc gcc_packages="gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
    machine="-M virt,highmem=off -cpu cortex-a15" console=ttyAMA0
    qemu=qemu-system-arm qemu_package=qemu-system-arm ;;
  *)
    echo "$kernel: the architecture is $architecture; expected amd64, i386 or armhf" >&2
    exit 1 ;;
esac

# Runs apt-get with your sources, but for the given architecture, and with lists and archives of its own.
# It takes those packages for installed that are in the given status file of dpkg.
own_apt() {
  mkdir -p "$cache/apt-$1/lists/partial" "$work/archives/partial"
  cat > "$work/apt.conf" << END
APT { Architecture "$1"; Architectures "$1"; Install-Recommends "false"; Sandbox::User "root"; };
Dir { State "$cache/apt-$1"; State::status "$2"; Cache "$cache/apt-$1"; Cache::archives "$work/archives"; };
Debug::NoLocking "true";
END
  shift 2
  APT_CONFIG=$work/apt.conf apt-get -q -y "$@" >> "$work/apt.log" 2>&1
}

# Unpacks packages to a folder of the cache, once, with the packages that they depend on.
unpack() {
  folder=$cache/$1 architecture_of=$2 status=$3
  shift 3
  [ ! -d "$folder" ] || return 0
  echo "unpacking $* to $folder"
  # Sources that lack the architecture do no harm.
  own_apt "$architecture_of" "$status" update || true
  rm -rf "$work/archives" "$folder.part"
  own_apt "$architecture_of" "$status" install --download-only "$@" || { tail -n 5 "$work/apt.log" >&2; exit 1; }
  for package in "$work"/archives/*.deb; do
    dpkg -x "$package" "$folder.part"
  done
  mv "$folder.part" "$folder"
}
own=$(dpkg --print-architecture)
libraries() { find "$cache/$1" -type d -path '*/lib/*-linux-gnu' | paste -s -d :; }

# Build the recorder, without shared libraries.
if [ -z "${RECORDER:-}" ]; then
  flags="-C target-feature=+crt-static" path=
  if ! command -v "$gcc" > /dev/null; then
    # shellcheck disable=SC2086
    unpack "$gcc" "$own" /var/lib/dpkg/status $gcc_packages
    flags="$flags -C link-arg=--sysroot=$cache/$gcc" path=$(libraries "$gcc")
    gcc=$cache/$gcc/usr/bin/$gcc
  fi
  variable=CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)
  env "${variable}_LINKER=$gcc" "${variable}_RUSTFLAGS=$flags" "LD_LIBRARY_PATH=$path" \
    cargo build --quiet --release --target "$target" --manifest-path "$here/recorder/Cargo.toml"
  RECORDER=${CARGO_TARGET_DIR:-$here/../../../target}/$target/release/ctnetlink-recorder
fi

# Unpack the kernel.
case $kernel in
  *.deb)
    for package in $(echo "$kernel" | tr , ' '); do
      cp "$package" "$work/deb"
    done ;;
  *)
    own_apt "$architecture" /dev/null update || true
    # Which packages exist depends on the release; missing ones are skipped.
    for part in image base binary modules; do
      (cd "$work/deb" && own_apt "$architecture" /dev/null download "linux-$part-$kernel") || true
    done ;;
esac
if ! ls "$work"/deb/*.deb > /dev/null 2>&1; then
  echo "$kernel: no package of this kernel: $(tail -n 1 "$work/apt.log")" >&2
  exit 1
fi
for package in "$work"/deb/*.deb; do
  dpkg -x "$package" "$work/kernel"
done
vmlinuz=$(find "$work/kernel" -name 'vmlinuz*' -type f | head -n 1)
modules=$(find "$work/kernel" -path '*lib/modules/*' -prune -type d | head -n 1)
release=$(basename "$modules")

# Copy the programs of the machine, and all libraries, since ldd(1) cannot say which ones they need.
unpack "$architecture" "$architecture" /dev/null busybox-static iproute2 nftables iputils-ping tcpdump util-linux
mkdir -p "$root/bin" "$root/sbin" "$root/usr" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc"
for program in busybox ip nft ping tcpdump unshare nsenter; do
  find "$cache/$architecture" -path "*bin/$program" -type f -exec cp {} "$root/bin" \;
done
cp "$RECORDER" "$root/bin"
for folder in lib lib64; do
  mkdir "$root/usr/$folder"
  ln -s "usr/$folder" "$root/$folder"
  for from in "$cache/$architecture/$folder" "$cache/$architecture/usr/$folder"; do
    [ ! -d "$from" ] || (cd "$from" && find . -maxdepth 2 -name '*.so*' | cpio -pdm --quiet "$root/usr/$folder")
  done
done

# Copy the modules of connection tracking and of the devices. They are decompressed for busybox.
(cd "$modules" && find kernel -path '*/netfilter/*' -o -path 'kernel/lib/*' \
  -o -name 'veth.ko*' -o -name 'nlmon.ko*' -o -name 'virtio*.ko*' -o -path 'kernel/net/netlink/*' \
  -o -path 'kernel/crypto/*' | cpio -pdm --quiet "$root/usr/lib/modules/$release")
cp "$modules"/modules.builtin "$modules"/modules.builtin.modinfo "$modules"/modules.order "$root/lib/modules/$release"
find "$root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} +
find "$root/usr/lib/modules" -name '*.ko.zst' -exec zstd -q -d --rm {} +
depmod -b "$root" "$release"

# An AppArmor profile adds a security context.
if ! echo 'profile recorded flags=(attach_disconnected) { network, }' |
  apparmor_parser --skip-kernel-load --skip-cache -o "$root/recorded.apparmor" 2> "$work/apparmor"; then
  echo "SKIPPED the context of an AppArmor profile: $(head -n 1 "$work/apparmor")"
  rm -f "$root/recorded.apparmor"
fi
cp "$here/init.sh" "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$work/initrd"

# Boot. The results are returned as a tar archive on a disk.
if ! command -v "$qemu" > /dev/null; then
  unpack "$qemu" "$own" /var/lib/dpkg/status "$qemu_package" seabios
  firmware=$cache/$qemu/usr/share
  machine="$machine -L $firmware/qemu -L $firmware/seabios"
  path=$(libraries "$qemu")
  qemu=$cache/$qemu/usr/bin/$qemu
fi
truncate -s 64M "$work/disk"
# shellcheck disable=SC2086
LD_LIBRARY_PATH=${path:-} timeout "${TIMEOUT:-1800}" "$qemu" $machine -m 1500 -smp 1 -display none -no-reboot -serial stdio -net none \
  -kernel "$vmlinuz" -initrd "$work/initrd" -drive "file=$work/disk,format=raw,if=virtio" \
  -append "console=$console panic=-1 quiet $*" < /dev/null > "$out/console.txt" 2>&1 || true
tar -xf "$work/disk" -C "$out" 2>/dev/null || { tail -n 20 "$out/console.txt"; exit 1; }
cat "$out/log.txt"
