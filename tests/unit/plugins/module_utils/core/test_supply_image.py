"""The documents of an image, and what is refused of one that arrived."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    Compose,
    ImageRelease,
    Kind,
    Lock,
    Source,
    SupplyError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import (
    Descriptor,
    archived_digest,
    check_platform,
    compose_inputs,
    config_document,
    describe,
    encode,
    image_reference,
    index_document,
    layer_plan,
    manifest_document,
    pinned_reference,
    read_manifest,
    release_inputs,
    runtime_config,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import Step
from hypothesis import given
from hypothesis import strategies as st

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
LAYER = Descriptor("application/vnd.oci.image.layer.v1.tar", A, 10240)
COMPOSE = Compose(
    "localhost/tool",
    (("/tool", "tool"),),
    ("/tool", "serve"),
    "65532:65532",
    (("MODE", "quiet"),),
    ("8080/tcp",),
    (("org.opencontainers.image.title", "tool {number} for {arch}"),),
)
IMAGE = Artifact("tool-image", Kind.IMAGE, "v1.2.3", own=True, compose=COMPOSE)
PAUSE = Artifact("pause", Kind.IMAGE, "3.10.1", image=ImageRelease("r.example:5000/pause:{version}", {"amd64": A, "arm64": B}))
LOCK = Lock("autotrade.1", (IMAGE, PAUSE))
STEP = Step(IMAGE, "amd64", Source.COMPOSE, "v1.2.3+autotrade.1", "")
FETCH = Step(PAUSE, "arm64", Source.RELEASE, "3.10.1", "")


def altered(step: Step, **fields: object) -> Step:
    assert step.artifact.compose
    compose = dataclasses.replace(step.artifact.compose, **fields)  # type: ignore[arg-type]
    return dataclasses.replace(step, artifact=dataclasses.replace(step.artifact, compose=compose))


def test_the_configuration_says_how_the_image_runs() -> None:
    document = config_document(runtime_config(LOCK, STEP), "amd64", LAYER)
    assert document["config"] == {
        "User": "65532:65532",
        "Entrypoint": ["/tool", "serve"],
        "WorkingDir": "/",
        "Env": ["MODE=quiet"],
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {
            "org.opencontainers.image.version": "v1.2.3+autotrade.1",
            "org.opencontainers.image.title": "tool 1.2.3 for amd64",
        },
    }
    assert (document["architecture"], document["os"], document["created"]) == ("amd64", "linux", "1970-01-01T00:00:00Z")
    assert document["rootfs"] == {"type": "layers", "diff_ids": [A]}
    assert not any(entry.get("empty_layer") for entry in document["history"]) and len(document["history"]) == 1


def test_what_is_not_told_is_left_to_the_runtime() -> None:
    assert not {"Env", "ExposedPorts"} & runtime_config(LOCK, altered(STEP, env=(), ports=())).keys()


def test_manifest_and_index_lead_to_each_other() -> None:
    config = describe(b"{}", "application/vnd.oci.image.config.v1+json")
    manifest = manifest_document(config, LAYER)
    assert manifest["config"] == {"mediaType": config.media_type, "digest": config.digest, "size": 2}
    assert manifest["layers"] == [{"mediaType": LAYER.media_type, "digest": A, "size": 10240}]
    descriptor = describe(encode(manifest), manifest["mediaType"])
    index = index_document(descriptor, "arm64", "localhost/tool:v1")
    (entry,) = index["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "localhost/tool:v1"}
    assert entry["platform"] == {"architecture": "arm64", "os": "linux"}
    assert archived_digest(encode(index)) == f"sha256:{hashlib.sha256(encode(manifest)).hexdigest()}"
    assert descriptor.path == f"blobs/sha256/{descriptor.digest[7:]}"


def test_an_image_is_loaded_under_its_own_name() -> None:
    assert image_reference(LOCK, IMAGE, "amd64", STEP.version) == "localhost/tool:v1.2.3_autotrade.1"
    assert image_reference(LOCK, PAUSE, "arm64", "3.10.1") == "r.example:5000/pause:3.10.1"


def test_a_registry_is_asked_for_the_digest_and_never_for_the_tag() -> None:
    assert pinned_reference(LOCK, FETCH) == f"r.example:5000/pause@{B}"


PATHS = st.lists(st.from_regex(r"(/[a-z]{1,3}){1,4}", fullmatch=True), min_size=1, unique=True)


@given(PATHS)
def test_every_directory_stands_before_what_lies_in_it(paths: list[str]) -> None:
    paths = [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]
    plan = layer_plan(paths)
    names = [member.path for member in plan]
    assert len(set(names)) == len(names)
    assert {f"/{member.path}": member.source for member in plan if member.source is not None} == {
        path: place for place, path in enumerate(paths)
    }
    for member in plan:
        parent = member.path.rstrip("/").rpartition("/")[0]
        assert not parent or names.index(f"{parent}/") < names.index(member.path)
        assert member.mode == (0o755 if member.path.endswith("/") else 0o555)
        assert not member.path.startswith("/")


@given(PATHS, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_the_paths(paths: list[str], random: Any) -> None:
    shuffled = random.sample(paths, len(paths))
    assert [member.path for member in layer_plan(paths)] == [member.path for member in layer_plan(shuffled)]


def test_a_composed_image_depends_on_each_of_its_inputs() -> None:
    other_lock = Lock("autotrade.2", LOCK.artifacts)
    variants = [
        compose_inputs(LOCK, STEP, ["1"]),
        compose_inputs(LOCK, STEP, ["2"]),
        compose_inputs(other_lock, dataclasses.replace(STEP, version="v1.2.3+autotrade.2"), ["1"]),
        compose_inputs(LOCK, dataclasses.replace(STEP, arch="arm64"), ["1"]),
        compose_inputs(LOCK, altered(STEP, repository="localhost/other"), ["1"]),
        compose_inputs(LOCK, altered(STEP, user="0:0"), ["1"]),
        compose_inputs(LOCK, altered(STEP, entrypoint=("/tool",)), ["1"]),
        compose_inputs(LOCK, altered(STEP, env=()), ["1"]),
        compose_inputs(LOCK, altered(STEP, ports=()), ["1"]),
        compose_inputs(LOCK, altered(STEP, labels=()), ["1"]),
        compose_inputs(LOCK, altered(STEP, files=(("/bin/tool", "tool"),)), ["1"]),
    ]
    assert len(set(variants)) == len(variants)
    assert compose_inputs(LOCK, STEP, ["1"]) == variants[0]


def test_an_image_of_a_registry_depends_on_its_digest_and_name() -> None:
    renamed = dataclasses.replace(PAUSE, image=dataclasses.replace(PAUSE.image, reference="r.example/p:3.10.1"))  # type: ignore[type-var]
    variants = [
        release_inputs(LOCK, FETCH),
        release_inputs(LOCK, dataclasses.replace(FETCH, arch="amd64")),
        release_inputs(LOCK, dataclasses.replace(FETCH, artifact=renamed)),
    ]
    assert len(set(variants)) == len(variants)


def manifest(**changes: object) -> bytes:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 2}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": B, "size": 7}
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
    }
    return json.dumps({**document, **changes}, indent=3).encode()


def pinned(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize(
    "changes",
    [{}, {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}, {"annotations": {"a": "b"}}, {"layers": []}],
)
def test_a_manifest_is_read_as_it_came(changes: dict[str, Any]) -> None:
    content = manifest(**changes)
    found = read_manifest(content, pinned(content), "pause for amd64")
    assert (found.descriptor.digest, found.descriptor.size) == (pinned(content), len(content))
    assert found.descriptor.media_type == json.loads(content)["mediaType"]
    assert [layer.digest for layer in found.layers] == [layer["digest"] for layer in json.loads(content)["layers"]]


def test_another_manifest_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(SupplyError) as raised:
        read_manifest(manifest(), A, "pause for amd64")
    text = str(raised.value)
    assert f"pause for amd64: found an image with the digest {pinned(manifest())}; expected {A}, pinned in the lock file" in text
    assert "Nothing was kept" in text and "if it holds that of the index" in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"<html>sign in</html>",
        b"{}",
        manifest(layers=None),
        manifest(layers=["x"]),
        manifest(config={"mediaType": "t", "digest": "sha256:../../x", "size": 1}),
        manifest(config={"mediaType": "t", "digest": A, "size": -1}),
        manifest(config={"mediaType": "t", "digest": A, "size": "1"}),
        manifest(mediaType="application/vnd.oci.image.index.v1+json"),
    ],
)
def test_what_is_no_manifest_of_an_image_is_refused(content: bytes) -> None:
    with pytest.raises(SupplyError, match="expected the manifest of an image for one architecture"):
        read_manifest(content, pinned(content), "pause for amd64")


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(SupplyError):
        read_manifest(content, pinned(content), "pause")


def test_an_image_for_another_machine_is_refused() -> None:
    check_platform(b'{"os": "linux", "architecture": "arm64"}', "arm64", "pause for arm64")
    with pytest.raises(SupplyError, match="pause for arm64: found an image for linux/amd64; expected an image for linux/arm64"):
        check_platform(b'{"os": "linux", "architecture": "amd64"}', "arm64", "pause for arm64")
    with pytest.raises(SupplyError, match="found an image for windows/arm64"):
        check_platform(b'{"os": "windows", "architecture": "arm64"}', "arm64", "pause for arm64")
    with pytest.raises(SupplyError, match="no configuration of an image"):
        check_platform(b"{}", "arm64", "pause for arm64")


@pytest.mark.parametrize("index", [b"", b"{}", b'{"manifests": []}', b'{"manifests": [{}, {}]}', b'{"manifests": [{}]}'])
def test_an_index_that_names_no_image_tells_no_digest(index: bytes) -> None:
    assert archived_digest(index) == ""
