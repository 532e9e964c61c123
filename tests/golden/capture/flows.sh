#!/bin/sh
# Records events of real flows between two network namespaces of the running kernel.
#
#   flows.sh FILE.pcapng
#
# Needs: unshare, nsenter, ip, nft, ping, python3, sysctl, and CTNETLINK set to the built command.
set -eu
file=$(realpath "${1:?usage: flows.sh FILE.pcapng}")
command=$(realpath "${CTNETLINK:?set CTNETLINK to the built command}")
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${IN_NAMESPACE:-}" ]; then
  IN_NAMESPACE=1 exec unshare -Urn "$0" "$file"
fi
unshare -n sleep 120 &
peer=$!
trap 'kill $peer 2>/dev/null' EXIT
sleep 0.5
ip link set lo up
ip link add v0 type veth peer name v1
ip link set v1 netns $peer
ip addr add 192.0.2.1/24 dev v0
ip addr add 2001:db8::1/64 dev v0 nodad
ip link set v0 up
nsenter -t $peer -n sh -c 'ip addr add 192.0.2.2/24 dev v1
  ip addr add 2001:db8::2/64 dev v1 nodad; ip link set v1 up; ip link set lo up'
ip route add default via 192.0.2.2
# 198.51.100.7 is the peer behind destination NAT.
nft -f - <<RULES
table inet flows {
  chain track { type filter hook output priority 0; ct state new accept; }
  chain nat { type nat hook output priority -100; ip daddr 198.51.100.7 dnat ip to 192.0.2.2; }
}
RULES
# Short timeouts, so that every flow ends while the recording runs.
for setting in acct=1 timestamp=1 tcp_timeout_time_wait=1 udp_timeout=2 icmp_timeout=1 icmpv6_timeout=1; do
  sysctl -qw "net.netfilter.nf_conntrack_$setting"
done

nsenter -t $peer -n python3 "$here/flows.py" serve &
server=$!
sleep 1
"$command" record -o "$file" --for 60 &
recorder=$!
sleep 1
python3 "$here/flows.py" connect
ping -c 2 -i 0.3 192.0.2.2 >/dev/null
ping -6 -c 1 2001:db8::2 >/dev/null
# A dump ends the flows whose time is over.
sleep 3
"$command" list >/dev/null 2>&1
kill -INT $recorder
wait $recorder
kill $server
