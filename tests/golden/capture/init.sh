#!/bin/busybox sh
# The init process of the recording machine: sets it up, records, and writes the results to the disk.
/bin/busybox --install -s /bin
/bin/busybox --install -s /sbin
# The programs of the packages take precedence over those of busybox.
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
for module in virtio_mmio virtio_pci virtio_blk nlmon veth nf_conntrack nf_conntrack_netlink nfnetlink_cthelper \
  nfnetlink_queue nf_conntrack_ftp nf_conntrack_tftp nf_conntrack_sip nf_conntrack_amanda nf_conntrack_irc \
  nf_conntrack_h323 nf_conntrack_sane nf_conntrack_pptp nf_conntrack_netbios_ns nf_nat nf_nat_ftp nf_nat_sip \
  nf_nat_h323 nf_nat_pptp nf_tables nft_ct nft_nat nft_flow_offload nf_flow_table nf_flow_table_inet \
  nf_flow_table_ipv4 nf_flow_table_ipv6 nft_synproxy nft_queue nft_objref nf_defrag_ipv6; do
  modprobe -q "$module"
done
if [ -f /recorded.apparmor ]; then
  cat /recorded.apparmor > /sys/kernel/security/apparmor/.load
fi
mkdir -p /tmp/out
cd /tmp/out || exit
{
  uname -a
  echo "security modules: $(cat /sys/kernel/security/lsm)"
} > log.txt
ip link add nlmon0 type nlmon && ip link set nlmon0 up
# By default tcpdump changes to another user; -Z root prevents it.
echo 'root:x:0:0::/:/bin/sh' > /etc/passwd
tcpdump -Z root -i nlmon0 -s 0 -U -w nlmon.pcap 2> tcpdump.txt &
tcpdump=$!
sleep 2
ctnetlink-recorder record messages.jsonl >> log.txt 2>&1
kill $tcpdump
sleep 1
dmesg | tail -n 40 > dmesg.txt
tar -cf /dev/vda .
sync
poweroff -f
