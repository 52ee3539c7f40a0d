"""What stands on the hosts after a provision: services, files, certificates, ports."""

from __future__ import annotations

import json

import pytest
from testinfra.host import Host

from tests.support.lab import Lab

LAB = Lab("molecule", "10.89.30")
NAMES, CONTROL_PLANE = LAB.hosts, LAB.control_plane
# Fewer keys than an empty cluster of kubeadm has.
FEWEST_KEYS = 100
# Port -> who may listen there, on any address but loopback.
ON_EVERY_HOST = {22: "sshd", 10250: "kubelet", 10256: "kube-proxy"}
ON_CONTROL_PLANE = {**ON_EVERY_HOST, 6443: "kube-apiserver", 8443: "haproxy", 2379: "etcd", 2380: "etcd"}


@pytest.fixture(params=NAMES)
def host(request: pytest.FixtureRequest) -> Host:
    return LAB.on(request.param)


@pytest.fixture(params=[name for name in NAMES if name.startswith("gpu-")])
def gpu_host(request: pytest.FixtureRequest) -> Host:
    return LAB.on(request.param)


@pytest.fixture(params=CONTROL_PLANE)
def member(request: pytest.FixtureRequest) -> Host:
    return LAB.on(request.param)


def listeners(found: Host) -> dict[int, str]:
    """Port -> program of all that listen beyond loopback."""
    lines = found.check_output("ss --listening --tcp --numeric --processes --no-header").splitlines()
    pairs = [(line.split()[3].rpartition(":"), line.split('"')[1]) for line in lines]
    return {int(port): program for (address, _colon, port), program in pairs if not address.startswith(("127.", "[::1]"))}


@pytest.mark.parametrize("service", ["containerd", "kubelet", "pod-routes"])
def test_services_run_and_start_with_the_host(host: Host, service: str) -> None:
    assert host.service(service).is_running
    assert host.service(service).is_enabled


@pytest.mark.parametrize("service", ["keepalived", "haproxy"])
def test_the_endpoint_is_the_control_planes_alone(service: str) -> None:
    for name in NAMES:
        assert LAB.on(name).service(service).is_running == (name in CONTROL_PLANE)


def test_nothing_listens_that_should_not() -> None:
    for name in NAMES:
        assert listeners(LAB.on(name)) == (ON_CONTROL_PLANE if name in CONTROL_PLANE else ON_EVERY_HOST), name


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/etc/kubernetes/admin.conf", 0o600),
        ("/etc/kubernetes/policies/encryption.yaml", 0o600),
        ("/etc/kubernetes/pki/ca.key", 0o600),
        ("/etc/kubernetes/pki/etcd/ca.key", 0o600),
        ("/etc/kubernetes/policies/audit.yaml", 0o644),
    ],
)
def test_files_of_the_control_plane(member: Host, path: str, mode: int) -> None:
    file = member.file(path)
    assert (file.user, file.mode) == ("root", mode)


def test_the_certificate_covers_the_endpoint(member: Host) -> None:
    names = member.check_output("openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -ext subjectAltName")
    assert f"IP Address:{LAB.endpoint}" in names


def test_one_host_holds_the_endpoint() -> None:
    assert len(LAB.holders()) == 1


def test_every_host_is_a_ready_node_with_its_class_and_zone() -> None:
    nodes = {node["metadata"]["name"]: node for node in LAB.kubectl("get", "nodes")["items"]}
    assert set(nodes) == set(NAMES)
    for name, node in nodes.items():
        conditions = {condition["type"]: condition["status"] for condition in node["status"]["conditions"]}
        assert conditions["Ready"] == "True", name
        assert node["metadata"]["labels"]["autotrade.deployment/node-class"] == name.rpartition("-")[0]
        assert node["metadata"]["labels"]["topology.kubernetes.io/zone"]


def test_the_gpu_is_counted_and_kept_for_those_who_ask() -> None:
    for name in filter(lambda name: name.startswith("gpu"), NAMES):
        node = LAB.kubectl("get", "node", name)
        assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"
        assert any(taint["key"] == "nvidia.com/gpu" for taint in node["spec"]["taints"])


def test_etcd_has_a_voting_member_on_each_control_plane_host() -> None:
    pods = LAB.kubectl("get", "pods", "--namespace=kube-system", "--selector=component=etcd")["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} == set(CONTROL_PLANE)
    found = LAB.etcd_members(CONTROL_PLANE[0])
    assert {entry["name"] for entry in found} == set(CONTROL_PLANE)
    assert not any(entry.get("isLearner") for entry in found)


def test_secrets_are_encrypted_in_etcd() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "canary"}, "stringData": {"word": "never-in-the-clear"}}
    LAB.kubectl_text("apply", "-f", "-", sent=secret)
    stored = LAB.etcdctl(CONTROL_PLANE[0], "get /registry/secrets/default/canary").stdout_bytes
    assert b"k8s:enc:secretbox:v1:key1" in stored
    assert b"never-in-the-clear" not in stored


def test_etcd_is_saved_by_the_clock_and_can_be_restored(member: Host) -> None:
    assert member.service("etcd-snapshot.timer").is_running
    assert member.service("etcd-snapshot.timer").is_enabled
    member.check_output("systemctl start etcd-snapshot.service")
    report = json.loads(member.file("/var/lib/etcd-snapshots/last.json").content_string)
    copy = member.file(f"/srv/autotrade/shared/{report['file']}")
    assert (copy.sha256sum, copy.size) == (report["sha256"], report["bytes"])
    member.check_output(f"etcdutl snapshot restore {copy.path} --data-dir=/var/tmp/restored")
    restored = json.loads(member.check_output("etcdutl snapshot status /var/tmp/restored/member/snap/db --write-out=json"))
    assert restored["totalKey"] > FEWEST_KEYS
    member.check_output("rm -r /var/tmp/restored")


def test_nothing_is_done_about_drivers_where_the_gpu_is_a_number(gpu_host: Host) -> None:
    for path in (
        "/etc/modprobe.d/autotrade-nvidia.conf",
        "/etc/containerd/conf.d/99-nvidia.toml",
        "/etc/apt/preferences.d/autotrade-nvidia",
    ):
        assert not gpu_host.file(path).exists
    node = LAB.kubectl("get", "node", gpu_host.check_output("hostname"))
    # No device plugin will ever open a gate here, so there is none.
    assert [taint["key"] for taint in node["spec"]["taints"]] == ["nvidia.com/gpu"]


def test_every_host_sees_the_one_shared_directory() -> None:
    for number, name in enumerate(NAMES):
        LAB.on(name).check_output(f"touch /srv/autotrade/shared/seen-{number}")
    wanted = {f"seen-{number}" for number in range(len(NAMES))}
    for name in NAMES:
        assert wanted <= set(LAB.on(name).file("/srv/autotrade/shared").listdir())
