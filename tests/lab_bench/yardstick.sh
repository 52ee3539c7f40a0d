#!/usr/bin/env bash
# Usage: yardstick.sh FOLDER ENDPOINT "CONTROL PLANE HOSTS" "WORKERS"
#
# Bare hosts to a cluster, as somebody writes it for these very hosts who has every file beforehand: it looks at nothing, guards
# nothing, and works once. All hosts are prepared at the same time, all workers join at the same time; the control plane joins one
# after the other, because etcd wants it so. FOLDER has ssh_config, NAME.tar for each host, cluster.yaml (what kubeadm tells to all),
# and takes admin.kubeconfig.
set -euo pipefail
folder=$1 endpoint=$2
read -ra control_plane <<<"$3"
read -ra workers <<<"$4"
first=${control_plane[0]}
token="$(openssl rand -hex 3).$(openssl rand -hex 8)"
key=$(openssl rand -hex 32)

as_root() { ssh -F "$folder/ssh_config" "$1" sudo "${@:2}"; }

together() { # of background jobs, that all end well
  for job in "$@"; do wait "$job"; done
}

prepare() {
  as_root "$1" tar -xC / <"$folder/$1.tar"
  as_root "$1" bash -es <<HOST
hostnamectl hostname $1
cp /srv/autotrade/store/bin/{containerd,containerd-shim-runc-v2,ctr,etcdctl,etcdutl,kubeadm,kubectl,kubelet} /usr/local/bin/
mkdir -p /opt/cni/bin
for plugin in bridge host-local loopback portmap; do cp /srv/autotrade/store/bin/cni-\$plugin /opt/cni/bin/\$plugin; done
sysctl --quiet --system
systemctl daemon-reload
systemctl --quiet enable kubelet
systemctl --quiet enable --now pod-routes containerd $2
[ -z "$2" ] || systemctl restart $2
HOST
}

registration() {
  echo "nodeRegistration: {name: $1, criSocket: unix:///run/containerd/containerd.sock, imagePullPolicy: Never, taints: $2}"
}

init() {
  { cat <<CONFIG; cat "$folder/cluster.yaml"; } | as_root "$first" tee /etc/kubernetes/init.yaml >/dev/null
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{token: $token}]
certificateKey: $key
$(registration "$first" '[{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]')
---
CONFIG
  as_root "$first" kubeadm init --config /etc/kubernetes/init.yaml --upload-certs --ignore-preflight-errors=SystemVerification
}

join() {
  as_root "$1" bash -es <<HOST
cat > /etc/kubernetes/join.yaml <<'CONFIG'
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: {bootstrapToken: {token: $token, apiServerEndpoint: "$endpoint", unsafeSkipCAVerification: true}}
$(registration "$1" "$2")
$3
timeouts: {etcdAPICall: 5m0s, kubernetesAPICall: 3m0s, tlsBootstrap: 10m0s}
CONFIG
kubeadm join --config /etc/kubernetes/join.yaml --ignore-preflight-errors=SystemVerification
HOST
}

jobs=()
for host in "${control_plane[@]}"; do prepare "$host" "haproxy keepalived etcd-snapshot.timer" & jobs+=($!); done
for host in "${workers[@]}"; do prepare "$host" "" & jobs+=($!); done
together "${jobs[@]}"

init
as_root "$first" cat /etc/kubernetes/admin.conf >"$folder/admin.kubeconfig"
jobs=()
for host in "${workers[@]}"; do join "$host" "[]" "" & jobs+=($!); done
for host in "${control_plane[@]:1}"; do
  join "$host" '[{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]' "controlPlane: {certificateKey: $key}"
done
together "${jobs[@]}"
as_root "$first" kubectl --kubeconfig /etc/kubernetes/admin.conf \
  wait --for=condition=Ready --timeout=300s "${control_plane[@]/#/node/}" "${workers[@]/#/node/}"
