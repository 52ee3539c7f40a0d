"""Images of registries through a stand-in for skopeo; the real one is asked in tests/integration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.module_utils.edge.supply_world import Pulled, World, blobs_of, image, pulled, run_module, sha256

STORED = "images/pause/3.10.1/amd64/pause.tar"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def pause(tmp_path: Path) -> Pulled:
    return pulled(tmp_path / "pulled")


def pin(world: World, amd64: str = "", arm64: str = "", host: str = "registry.example.org") -> None:
    source = {"reference": host + "/base/pause:{version}", "digest": {"amd64": amd64, "arm64": arm64}}
    world.write_lock(image("pause", "3.10.1", release=source))


def answer(world: World, script: str, **options: Any) -> dict[str, Any]:
    return run_module(world.options(skopeo=world.skopeo(script), **options))


def refused(world: World, script: str, **options: Any) -> str:
    found = answer(world, script, **options)
    assert found.get("failed"), found
    assert world.visible() == [] and list(world.cache.glob("work/*")) == [] and list(world.cache.glob("results/*/*")) == []
    return str(found["msg"])


def test_the_image_is_kept_byte_by_byte_as_it_came(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    first = answer(world, f"cp -r {pause.folder} $TO")
    assert first["changed"], first
    (made,) = first["artifacts"]
    assert (made["source"], made["version"], made["digest"]) == ("release", "3.10.1", pause.digest)
    assert made["reference"] == "registry.example.org/base/pause:3.10.1"
    index, blobs = blobs_of(world.store / STORED)
    (entry,) = index["manifests"]
    assert entry["digest"] == pause.digest and entry["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": made["reference"]}
    assert blobs == pause.blobs
    assert not answer(world, "exit 1")["changed"]


def test_skopeo_is_asked_for_the_pinned_digest_and_sees_no_credentials(world: World, pause: Pulled, tmp_path: Path) -> None:
    pin(world, pause.digest)
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"auths": {"registry.example.org": {"auth": "c2VjcmV0"}}}))
    assert answer(world, f"cp -r {pause.folder} $TO", registry_auth_file=str(auth))["changed"]
    (call,) = (tmp_path / "skopeo.calls").read_text().splitlines()
    words = call.split()
    assert words[:5] == ["--override-os", "linux", "--override-arch", "amd64", "copy"]
    assert words[-2] == f"docker://registry.example.org/base/pause@{pause.digest}" and words[-1].startswith("dir:")
    assert words[words.index("--authfile") + 1] == str(auth) and "c2VjcmV0" not in call and "tls-verify" not in call


@pytest.mark.parametrize(
    ("host", "plain"), [("127.0.0.1:5000", True), ("localhost:5000", True), ("127.0.0.1.example.org", False)]
)
def test_plain_http_is_for_loopback_only(world: World, pause: Pulled, tmp_path: Path, host: str, plain: bool) -> None:
    pin(world, pause.digest, host=host)
    assert answer(world, f"cp -r {pause.folder} $TO")["changed"]
    assert ("--src-tls-verify=false" in (tmp_path / "skopeo.calls").read_text()) is plain


def test_the_second_store_takes_the_image_from_the_cache_without_skopeo(world: World, pause: Pulled, tmp_path: Path) -> None:
    pin(world, pause.digest)
    answer(world, f"cp -r {pause.folder} $TO")
    other = run_module(world.options(skopeo="/nowhere/skopeo", store_dir=str(tmp_path / "other")))
    assert other["changed"] and other["artifacts"][0]["digest"] == pause.digest, other


def test_a_damaged_image_of_the_cache_is_fetched_again(world: World, pause: Pulled, tmp_path: Path) -> None:
    pin(world, pause.digest)
    answer(world, f"cp -r {pause.folder} $TO")
    (kept,) = world.cache.glob("results/*/pause")
    whole = kept.read_bytes()
    kept.unlink()
    kept.write_bytes(whole[:700])
    assert answer(world, f"cp -r {pause.folder} $TO", store_dir=str(tmp_path / "other"))["changed"]
    assert (tmp_path / "other" / STORED).read_bytes() == whole


def test_an_empty_digest_is_refused_before_anything_is_asked(world: World, tmp_path: Path) -> None:
    pin(world)
    text = refused(world, "exit 0")
    assert "pause: release.digest.amd64: found no digest in the lock" in text
    assert "the digest of the manifest of registry.example.org/base/pause:3.10.1 for amd64" in text
    assert "not trusted on first use" in text and not (tmp_path / "skopeo.calls").exists()


def test_another_image_than_the_pinned_one_is_refused(world: World, pause: Pulled) -> None:
    wrong = f"sha256:{'0' * 64}"
    pin(world, wrong)
    text = refused(world, f"cp -r {pause.folder} $TO")
    assert f"pause for amd64: found an image with the digest {pause.digest}; expected {wrong}, pinned in the lock file" in text


def test_an_image_for_another_architecture_is_refused(world: World, tmp_path: Path) -> None:
    arm64 = pulled(tmp_path / "arm64", "arm64")
    pin(world, arm64.digest)
    text = refused(world, f"cp -r {arm64.folder} $TO")
    assert "pause for amd64: found an image for linux/arm64; expected an image for linux/amd64" in text


def test_a_cut_layer_is_refused(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    layer = sha256(b"a layer of amd64")
    text = refused(world, f"cp -r {pause.folder} $TO; echo -n 'a layer' > $TO/{layer}")
    assert f"found a blob sha256:{sha256(b'a layer')} of 7 bytes; expected sha256:{layer} of 16 bytes" in text


def test_a_missing_layer_is_refused(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    layer = sha256(b"a layer of amd64")
    assert f"found no blob sha256:{layer}; expected every blob" in refused(world, f"cp -r {pause.folder} $TO; rm $TO/{layer}")


def test_nothing_at_all_is_refused(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    assert "pause for amd64: found no manifest.json" in refused(world, "exit 0")


def test_a_skopeo_that_fails_is_quoted_without_credentials(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    line = r'time="2026-11-24T16:51:02Z" level=fatal msg="reading \"docker://trader:secret@registry.example.org\": unauthorized"'
    text = refused(world, f"echo earlier >&2\necho '{line}' >&2\nexit 1")
    assert f"registry.example.org/base/pause@{pause.digest}: found skopeo ended with 1: reading" in text
    assert '"docker://***@registry.example.org": unauthorized; expected the image' in text
    assert "secret" not in text and "earlier" not in text and "artifact_store_registry_auth_file" in text


def test_a_full_disk_under_skopeo_is_named(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    text = refused(world, "echo 'write x: no space left on device' >&2; exit 1")
    assert "a full disk while registry.example.org/base/pause@" in text and "artifact_store_cache_dir" in text


@pytest.mark.parametrize("check", [False, True])
def test_without_skopeo_every_other_way_out_is_named(world: World, pause: Pulled, check: bool) -> None:
    pin(world, pause.digest)
    found = run_module(world.options(skopeo="/nowhere/skopeo", _ansible_check_mode=check))
    assert found["failed"] and "found no skopeo at '/nowhere/skopeo'; expected it, to fetch pause for amd64" in found["msg"]
    for way in ("install the package skopeo", "artifact_store_skopeo", "artifact_store_dir", "artifact_store_names"):
        assert way in found["msg"]
    assert not world.store.exists() and not world.cache.exists()


def test_a_missing_file_of_credentials_is_named(world: World, pause: Pulled) -> None:
    pin(world, pause.digest)
    text = refused(world, "exit 0", registry_auth_file=str(world.root / "absent.json"))
    assert "absent.json: found no such file" in text and "artifact_store_registry_auth_file" in text
