"""The images that lab_hosts composes: what is in their layer, and what they run by themselves."""

from __future__ import annotations

import importlib.util
import io
import json
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT

IMAGE: dict[str, Any] = {
    "reference": "registry.example/tool:1",
    "entrypoint": ["/tool"],
    "command": ["pause"],
    "programs": {"/tool": "tool"},
    "host_programs": [],
    "links": {"/bin/sh": "/tool"},
    "directories": ["/tmp"],
    "user": "",
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("seed_images", ROOT / "roles/lab_hosts/files/seed_images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def image(script: ModuleType, tmp_path: Path) -> tarfile.TarFile:
    (tmp_path / "tool").write_bytes(b"program")
    return tarfile.open(fileobj=io.BytesIO(script.archive(IMAGE, tmp_path)))


def content(image: tarfile.TarFile, name: str) -> bytes:
    file = image.extractfile(name)
    assert file is not None
    return file.read()


def test_an_image_runs_its_entrypoint_with_its_command(image: tarfile.TarFile) -> None:
    config = json.loads(content(image, "config.json"))["config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["/tool"], ["pause"])


def test_the_layer_has_programs_links_and_directories_that_all_may_write_to(image: tarfile.TarFile) -> None:
    with tarfile.open(fileobj=io.BytesIO(content(image, "layer.tar"))) as layer:
        found = {member.name: (member.type, member.mode, member.linkname) for member in layer}
    assert found == {
        "tool": (tarfile.REGTYPE, 0o755, ""),
        "bin/sh": (tarfile.SYMTYPE, 0o777, "/tool"),
        "tmp": (tarfile.DIRTYPE, 0o1777, ""),
    }
