"""A small world for the store's tests: a loopback server that can misbehave, a lock, a tiny Go module, a Go proxy on disk."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply import fill
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_options import ARGUMENT_SPEC, request_from

ROOT = Path(__file__).parents[5]
MAIN_GO = 'package main\n\nvar version = "unset"\n\nfunc main() { println(version) }\n'
#: The first 20 bytes of 64-bit little-endian ELF programs.
ELF = {
    "amd64": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00",
    "arm64": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00",
}


@dataclass
class Site:
    """Files of a loopback server, with the faults that are switched on, and what was asked."""

    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    cuts_left: int = 0
    ranges: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def site() -> Iterator[Site]:
    """Serve a site on a free port of loopback."""
    served = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            served.asked.append((self.path, wanted))
            body = served.files.get(self.path.lstrip("/"))
            if body is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and served.ranges else 0
            if start and start >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            rest = body[start:]
            if served.cuts_left > 0:
                served.cuts_left -= 1
                rest = rest[: served.cut_after]
            self.wfile.write(rest)
            self.wfile.flush()

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def binary(name: str = "tool", **parts: Any) -> dict[str, Any]:
    """An entry of a lock."""
    return {"name": name, "kind": "binary", "version": "v1.0.0"} | parts


def release(url: str, amd64: str = "", arm64: str = "", **parts: Any) -> dict[str, Any]:
    """A release source."""
    return {"url": url, "sha256": {"amd64": amd64, "arm64": arm64}} | parts


def image(name: str, version: str = "v1.0.0", **parts: Any) -> dict[str, Any]:
    """An entry for an image."""
    return {"name": name, "kind": "image", "version": version} | parts


def composed(name: str = "tool-image", files: dict[str, str] | None = None, **config: Any) -> dict[str, Any]:
    """An entry for an image of our own, composed of the binary ``tool``."""
    files = files or {"/bin/tool": "tool"}
    compose = {"repository": "localhost/tool", "files": files, "entrypoint": [min(files)]}
    return image(name, own=True, compose=compose | config)


GOMOD = {"directory": "tool", "package": ".", "ldflags": "-s -w -X main.version={stamped}"}


@dataclass(frozen=True)
class World:
    """Directories of one test."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "files/lock.yml"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def write_lock(self, *artifacts: dict[str, Any]) -> None:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        self.lock.write_text(yaml.safe_dump({"format": 1, "stamp": "autotrade.1", "artifacts": list(artifacts)}))

    def write_module(self, name: str = "tool", main: str = MAIN_GO, go: str = "1.20") -> Path:
        directory = self.lock.parent / "gomod" / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "go.mod").write_text(f"module example.org/{name}\n\ngo {go}\n")
        (directory / "main.go").write_text(main)
        return directory

    def options(self, **more: Any) -> dict[str, Any]:
        """The module's options."""
        base = {"lock": str(self.lock), "store_dir": str(self.store), "cache_dir": str(self.cache), "allow_unofficial": True}
        return base | {"arches": ["amd64"]} | more

    def visible(self) -> list[str]:
        """Every file and link of the store but its lock."""
        found = (path for path in self.store.rglob("*") if not path.is_dir() and path.name != ".index.lock")
        return sorted(str(path.relative_to(self.store)) for path in found)

    def go(self, name: str, script: str) -> str:
        """A stand-in for the go command; ``$GO`` is the real one."""
        path = self.root / name
        path.write_text(f"#!/bin/bash\nGO={shutil.which('go')}\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def skopeo(self, script: str) -> str:
        """A stand-in for skopeo, which notes how it was called; ``$TO`` is the directory that it is told to fill."""
        script = f'echo "$@" >> {self.root}/skopeo.calls\nTO="${{!#}}"; TO="${{TO#dir:}}"\n{script}'
        return self.go("skopeo", script)


def filled(world: World, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """Fill the store in this process."""
    defaults = {name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}
    return fill(request_from(defaults | world.options(**options), check_mode))


def refused(world: World, **options: Any) -> str:
    """What filling the store is refused with."""
    with pytest.raises(SupplyError) as raised:
        filled(world, **options)
    return str(raised.value)


def start_module(options: dict[str, Any], **environment: str) -> subprocess.Popen[str]:
    """Start the module as Ansible does: a process of its own."""
    module = "ansible_collections.autotrade.deployment.plugins.modules.artifacts"
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / ".collections")} | environment,
    )


def finish(process: subprocess.Popen[str], options: dict[str, Any]) -> dict[str, Any]:
    """Hand the options to a started module and wait for its answer."""
    output, _ = process.communicate(json.dumps({"ANSIBLE_MODULE_ARGS": options}), timeout=600)
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


def run_module(options: dict[str, Any], **environment: str) -> dict[str, Any]:
    """Run the module to its end."""
    return finish(start_module(options, **environment), options)


def write_proxy(root: Path, module: str, version: str, files: dict[str, str]) -> str:
    """A Go proxy on disk that serves one version of one module; the value for GOPROXY."""
    base = root / module / "@v"
    base.mkdir(parents=True)
    go_mod = f"module {module}\n"
    (base / "list").write_text(f"{version}\n")
    (base / f"{version}.info").write_text(json.dumps({"Version": version}))
    (base / f"{version}.mod").write_text(go_mod)
    with zipfile.ZipFile(base / f"{version}.zip", "w") as archive:
        for name, text in ({"go.mod": go_mod} | files).items():
            archive.writestr(f"{module}@{version}/{name}", text)
    return root.as_uri()


def blobs_of(archive: Path) -> tuple[Any, dict[str, bytes]]:
    """The index of an image archive, and its blobs by the digests that are computed here."""
    with tarfile.open(archive) as content:
        files = {member.name: content.extractfile(member).read() for member in content if member.isfile()}  # type: ignore[union-attr]
    blobs = {f"sha256:{sha256(blob)}": blob for name, blob in files.items() if name.startswith("blobs/")}
    assert {f"blobs/{digest.replace(':', '/')}" for digest in blobs} == files.keys() - {"oci-layout", "index.json"}
    return json.loads(files["index.json"]), blobs


@dataclass(frozen=True)
class Pulled:
    """A constructed image as skopeo's transport ``dir`` leaves it: one layer, and twice an empty one."""

    folder: Path
    digest: str
    blobs: dict[str, bytes]


def pulled(folder: Path, arch: str = "amd64", media_type: str = "application/vnd.docker.distribution.manifest.v2+json") -> Pulled:
    """Write such an image."""
    config = json.dumps({"os": "linux", "architecture": arch, "rootfs": {"type": "layers"}}).encode()
    blobs = [config, b"a layer of " + arch.encode(), b"an empty layer", b"an empty layer"]
    entries = [{"mediaType": "t", "size": len(blob), "digest": f"sha256:{sha256(blob)}"} for blob in blobs]
    document = {"schemaVersion": 2, "mediaType": media_type, "config": entries[0], "layers": entries[1:]}
    manifest = json.dumps(document, indent=3).encode()
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    for blob in blobs:
        (folder / sha256(blob)).write_bytes(blob)
    return Pulled(folder, f"sha256:{sha256(manifest)}", {f"sha256:{sha256(blob)}": blob for blob in (*blobs, manifest)})
