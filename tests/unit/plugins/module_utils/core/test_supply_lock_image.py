"""Images in the lock: their shape, their tag, and what they are composed of."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Artifact, Compose, SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock import parse_lock

SHA = "a" * 64
PINNED = f"sha256:{SHA}"
GOOD: dict[str, Any] = {
    "format": 1,
    "stamp": "autotrade.1",
    "artifacts": [
        {"name": "tool", "kind": "binary", "version": "v1.2.3", "gomod": {"directory": "tool", "package": "."}},
        {
            "name": "crds",
            "kind": "bundle",
            "version": "v1.0.0",
            "gomod": {"directory": "crds", "module": "example.org/m", "files": ["*.yaml"]},
        },
        {
            "name": "pause",
            "kind": "image",
            "version": "3.10.1",
            "release": {"reference": "registry.example.org/pause:3.10.1", "digest": {"amd64": PINNED, "arm64": ""}},
        },
        {
            "name": "tool-image",
            "kind": "image",
            "version": "v1.2.3",
            "own": True,
            "compose": {"repository": "localhost/tool", "files": {"/bin/tool": "tool"}, "entrypoint": ["/bin/tool"]},
        },
    ],
}


def changed(change: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    _tool, _crds, pause, image = document["artifacts"]
    change(pause["release"], image["compose"])
    return document


def problems(document: object) -> list[str]:
    with pytest.raises(SupplyError) as raised:
        parse_lock(document)
    return [str(problem) for problem in raised.value.problems]


def read(name: str, document: object) -> Artifact:
    found = parse_lock(document).get(name)
    assert found is not None
    return found


def test_an_image_of_a_registry_is_read() -> None:
    pause = read("pause", GOOD)
    assert pause.image is not None and pause.release is None
    assert pause.image.reference == "registry.example.org/pause:3.10.1"
    assert pause.image.digest == {"amd64": PINNED, "arm64": ""}
    assert pause.arches(("amd64", "arm64")) == ("amd64", "arm64")


def test_a_composed_image_is_read_and_does_not_run_as_root_unless_told() -> None:
    image = read("tool-image", GOOD)
    assert image.compose == Compose("localhost/tool", (("/bin/tool", "tool"),), ("/bin/tool",), "65532:65532")
    told = read("tool-image", changed(lambda _r, c: c.update(user="0:0"))).compose
    assert told is not None and told.user == "0:0"


def test_the_order_in_which_things_are_written_tells_nothing() -> None:
    one = {"files": {"/b": "tool", "/a": "tool"}, "env": {"Z": "1", "A": "2"}, "ports": ["9/udp", "1/tcp"], "entrypoint": ["/a"]}
    other = {
        "files": {"/a": "tool", "/b": "tool"},
        "env": {"A": "2", "Z": "1"},
        "ports": ["1/tcp", "9/udp"],
        "entrypoint": ["/a"],
    }
    first, second = (read("tool-image", changed(lambda _r, c, more=more: c.update(more))) for more in (one, other))
    assert first == second


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r, _c: r.update(reference="pause:3.10.1"), "release.reference: found 'pause:3.10.1'; expected registry"),
        (lambda r, _c: r.update(reference="r.example/pause"), "release.reference: found 'r.example/pause'"),
        (lambda r, _c: r.update(reference="r.example/pause:latest"), "a tag other than latest"),
        (lambda r, _c: r.update(reference=f"r.example/pause@{PINNED}"), "release.reference: found"),
        (lambda r, _c: r.update(reference="https://r.example/pause:3.10.1"), "release.reference: found"),
        (lambda r, _c: r.update(reference="u:p@r.example/pause:3.10.1"), "release.reference: found"),
        (lambda r, _c: r.update(reference="r.example/pause:3.9"), "expected a tag that names version 3.10.1, as the entry does"),
        (lambda r, _c: r["digest"].update(amd64=SHA), f"release.digest.amd64: found '{SHA}'; expected sha256:"),
        (lambda r, _c: r["digest"].update(any=PINNED), "release.digest: found 'any'"),
        (lambda r, _c: r.pop("digest"), "release.digest: found nothing"),
        (lambda r, _c: r.update(sha256={}), "release: found 'sha256'; expected one of the keys reference, digest"),
        (lambda _r, c: c.update(base="scratch"), "compose: found 'base'"),
        (lambda _r, c: c.update(repository="tool"), "compose.repository: found 'tool'"),
        (lambda _r, c: c.update(repository="localhost/tool:v1"), "compose.repository: found"),
        (lambda _r, c: c.update(files={}), "compose.files: found nothing; expected at least one path"),
        (lambda _r, c: c.update(files=["tool"]), "compose.files: found ['tool']"),
        (lambda _r, c: c.update(files={"bin/tool": "tool"}), "compose.files: found 'bin/tool'; expected an absolute path"),
        (lambda _r, c: c.update(files={"/bin/../tool": "tool"}), "compose.files: found '/bin/../tool'"),
        (lambda _r, c: c.update(files={"/bin/tool/": "tool"}), "compose.files: found '/bin/tool/'"),
        (lambda _r, c: c.update(files={"/.": "tool"}), "compose.files: found '/.'"),
        (lambda _r, c: c["files"].update({"/bin": "tool"}), "found '/bin/tool'; expected no file below /bin, which is a file"),
        (
            lambda _r, c: c.update(entrypoint=["/tool"]),
            "entrypoint[0]: found '/tool'; expected one of the files /bin/tool",
        ),
        (lambda _r, c: c.update(entrypoint=[]), "compose.entrypoint: found nothing"),
        (lambda _r, c: c.update(entrypoint="/bin/tool"), "compose.entrypoint: found '/bin/tool'; expected a list"),
        (lambda _r, c: c.update(user="trader"), "compose.user: found 'trader'; expected a quoted numeric user"),
        (lambda _r, c: c.update(user=65532), "compose.user: found 65532"),
        (lambda _r, c: c.update(ports=[8080]), "compose.ports[0]: found 8080"),
        (lambda _r, c: c.update(ports=["8080"]), "compose.ports[0]: found '8080'; expected a port and its protocol"),
        (lambda _r, c: c.update(env={"A B": "x"}), "compose.env: found 'A B'"),
        (lambda _r, c: c.update(env={"A": 1}), "compose.env[A]: found 1; expected a text"),
        (lambda _r, c: c.update(labels={"title": "x"}), "compose.labels: found 'title'"),
        (
            lambda _r, c: c.update(files={"/bin/tool": "tol"}),
            "compose.files[/bin/tool]: found 'tol'; expected the name",
        ),
        (
            lambda _r, c: c.update(files={"/bin/tool": "crds"}),
            "found 'crds of kind bundle'; expected the name of an entry of",
        ),
        (lambda _r, c: c.update(files={"/bin/tool": "pause"}), "found 'pause of kind image'"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(change: Any, expected: str) -> None:
    assert any(expected in problem for problem in problems(changed(change)))


@pytest.mark.parametrize(
    "reference",
    [
        "registry.k8s.io/pause:3.10.1",
        "docker.io/library/redis:3.10.1-alpine",
        "127.0.0.1:5000/trading/pause:v{number}",
        "registry:5000/pause:{version}",
        "localhost/pause-{arch}:{version}",
    ],
)
def test_references_as_registries_have_them_are_taken(reference: str) -> None:
    image = read("pause", changed(lambda r, _c: r.update(reference=reference))).image
    assert image is not None and image.reference == reference


def test_our_own_image_has_no_release_and_a_program_is_not_composed() -> None:
    document = copy.deepcopy(GOOD)
    tool, _crds, pause, image = document["artifacts"]
    image["release"], tool["compose"] = pause["release"] | {"reference": "r.example/tool:{version}"}, image["compose"]
    found = problems(document)
    assert any("artifacts[tool-image].own: found True" in problem for problem in found)
    assert any("artifacts[tool].compose: found 'binary'" in problem for problem in found)
    assert len(found) == 2
