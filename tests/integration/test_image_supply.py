"""Images and real programs: skopeo reads what was composed, and fetches what lies in a real registry on loopback."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply import host_arch
from ansible_collections.autotrade.deployment.plugins.plugin_utils import lock_refresh

from tests.unit.plugins.module_utils.edge.supply_world import ROOT, World, blobs_of, image, run_module

NAME, VERSION, ARCH = "reference-workload-image", "v0.1.0", host_arch()
OTHER_ARCH = "arm64" if ARCH == "amd64" else "amd64"
USER, PASSWORD = "trader", "constructed"
#: bcrypt of that password, as htpasswd writes it.
HTPASSWD = f"{USER}:$2b$05$RBR.hKoHgtQwirxVaATWOe2mRl68oDTzC9QKmUA4hhhBLK6AQhwYW\n"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def program(name: str) -> str:
    """A Debian package's program; a missing one is a failure with the remedy, never a skipped test."""
    path = shutil.which(name)
    assert path, f"no {name} on PATH: `make setup` installs it when root (requirements/debian.txt)"
    return path


def skopeo(*arguments: str) -> str:
    run = subprocess.run([program("skopeo"), *arguments], capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr
    return run.stdout


@dataclass(frozen=True)
class Registry:
    """A registry on loopback."""

    host: str

    def push(self, archive: Path, repository: str, *flags: str) -> str:
        """The digest under which the registry has the image now."""
        there = f"docker://{self.host}/{repository}:{VERSION}"
        skopeo("copy", "--dest-tls-verify=false", *flags, f"oci-archive:{archive}", there)
        return skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", there).strip()

    def put_index(self, repository: str, digest: str, size: int) -> None:
        """Lead the tag to an index with one entry for this machine's architecture."""
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size}
        platform = {"os": "linux", "architecture": ARCH}
        document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [{**entry, "platform": platform}]}
        where, body = f"http://{self.host}/v2/{repository}/manifests/{VERSION}", json.dumps(document).encode()
        request = urllib.request.Request(where, body, {"Content-Type": INDEX_TYPE}, method="PUT")
        urllib.request.urlopen(request, timeout=120).close()


@contextmanager
def serving(folder: Path, **auth: Any) -> Iterator[Registry]:
    """A docker-registry on a free port, stopped at the end."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    storage = {"filesystem": {"rootdirectory": str(folder / "data")}}
    config = {"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": {"addr": host}} | auth
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program("docker-registry"), "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        await_answer(host, process, folder / "log")
        yield Registry(host)
    finally:
        process.terminate()
        process.wait(30)


def await_answer(host: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://{host}/v2/", timeout=120).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The image of the lock, composed of the program that `make store` builds."""
    options = {"lock": str(ROOT / "roles/artifact_store/files/lock.yml"), "names": [NAME]}
    answer = run_module(options | {"store_dir": str(tmp_path_factory.mktemp("composed") / "store")})
    assert answer.get("changed"), answer
    found: dict[str, Any] = answer["artifacts"][-1]
    return found


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serving(tmp_path_factory.mktemp("registry") / "open") as found:
        yield found


def pin(world: World, registry: Registry, repository: str, digest: str = "") -> None:
    """A lock whose only entry is the image of a registry."""
    source = {"reference": f"{registry.host}/{repository}:{{version}}", "digest": {ARCH: digest, OTHER_ARCH: ""}}
    world.write_lock(image("pulled", VERSION, release=source))


def fetched(tmp_path: Path, registry: Registry, repository: str, digest: str, **options: Any) -> tuple[World, dict[str, Any]]:
    world = World(tmp_path / "world")
    pin(world, registry, repository, digest)
    return world, run_module(world.options(arches=[ARCH], allow_unofficial=False, **options))


def test_skopeo_reads_the_composed_image(made: dict[str, Any]) -> None:
    shown = json.loads(skopeo("inspect", f"oci-archive:{made['path']}"))
    assert shown["Digest"] == made["digest"] and (shown["Architecture"], shown["Os"]) == (ARCH, "linux")
    assert shown["Labels"]["org.opencontainers.image.version"] == f"{VERSION}+autotrade.1"
    config = json.loads(skopeo("inspect", "--config", f"oci-archive:{made['path']}"))["config"]
    assert (config["User"], config["Entrypoint"]) == ("65532:65532", ["/reference-workload"])


def test_pushed_and_fetched_it_is_the_same_image(made: dict[str, Any], registry: Registry, tmp_path: Path) -> None:
    assert registry.push(Path(made["path"]), "trading/composed", "--preserve-digests") == made["digest"]
    world, answer = fetched(tmp_path, registry, "trading/composed", made["digest"])
    assert answer.get("changed"), answer
    (pulled,) = answer["artifacts"]
    assert (pulled["digest"], pulled["source"], pulled["version"]) == (made["digest"], "release", VERSION)
    assert blobs_of(Path(pulled["path"]))[1] == blobs_of(Path(made["path"]))[1]
    assert not run_module(world.options(arches=[ARCH]))["changed"]


def test_docker_s_manifest_is_not_converted(made: dict[str, Any], registry: Registry, tmp_path: Path) -> None:
    digest = registry.push(Path(made["path"]), "trading/docker", "--format", "v2s2")
    assert digest != made["digest"]
    _world, answer = fetched(tmp_path, registry, "trading/docker", digest)
    (pulled,) = answer["artifacts"]
    assert pulled["digest"] == digest == json.loads(skopeo("inspect", f"oci-archive:{pulled['path']}"))["Digest"]
    (entry,) = blobs_of(Path(pulled["path"]))[0]["manifests"]
    assert entry["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"


def test_a_digest_that_the_registry_lacks_is_refused(made: dict[str, Any], registry: Registry, tmp_path: Path) -> None:
    registry.push(Path(made["path"]), "trading/moved")
    digest = f"sha256:{'0' * 64}"
    world, answer = fetched(tmp_path, registry, "trading/moved", digest)
    assert answer["failed"] and f"{registry.host}/trading/moved@{digest}: found skopeo ended with 1" in answer["msg"]
    assert "manifest unknown" in answer["msg"] and world.visible() == []


def test_the_digest_of_an_index_is_refused_and_that_of_its_entry_is_what_make_lock_writes(
    made: dict[str, Any], registry: Registry, tmp_path: Path
) -> None:
    digest = registry.push(Path(made["path"]), "trading/index", "--preserve-digests")
    registry.put_index("trading/index", digest, blobs_of(Path(made["path"]))[0]["manifests"][0]["size"])
    there = f"docker://{registry.host}/trading/index:{VERSION}"
    index = skopeo("manifest-digest", save(tmp_path, skopeo("inspect", "--tls-verify=false", "--raw", there))).strip()
    world, answer = fetched(tmp_path, registry, "trading/index", index)
    assert answer["failed"] and f"found an image with the digest {digest}; expected {index}" in answer["msg"]
    assert "if it holds that of the index" in answer["msg"] and world.visible() == []

    pin(world, registry, "trading/index")
    assert lock_refresh.main(["--lock", str(world.lock)]) == 1
    digests = yaml.safe_load(world.lock.read_text())["artifacts"][0]["release"]["digest"]
    assert digests == {ARCH: digest, OTHER_ARCH: ""}


def save(folder: Path, text: str) -> str:
    path = folder / "manifest"
    path.write_text(text)
    return str(path)


def test_credentials_come_from_their_file_and_are_shown_nowhere(made: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    auth_file = tmp_path / "auth.json"
    with serving(tmp_path / "closed", auth={"htpasswd": {"realm": "tests", "path": str(tmp_path / "htpasswd")}}) as closed:
        auth_file.write_text(json.dumps({"auths": {closed.host: {"auth": secret}}}))
        there = f"docker://{closed.host}/trading/closed:{VERSION}"
        flags = ["--preserve-digests", "--dest-tls-verify=false", "--authfile", str(auth_file)]
        skopeo("copy", *flags, f"oci-archive:{made['path']}", there)
        world, refused = fetched(tmp_path, closed, "trading/closed", made["digest"])
        assert refused["failed"] and "unauthorized" in refused["msg"] and "artifact_store_registry_auth_file" in refused["msg"]
        assert world.visible() == []
        _world, answer = fetched(tmp_path, closed, "trading/closed", made["digest"], registry_auth_file=str(auth_file))
    assert answer.get("changed") and answer["artifacts"][0]["digest"] == made["digest"], answer
    assert all(hidden not in json.dumps([refused, answer]) for hidden in (secret, PASSWORD))
