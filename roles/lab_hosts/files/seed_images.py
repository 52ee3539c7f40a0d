"""Composes container images of programs and imports them into containerd. Runs in a container of the host image, without network.

Usage: seed_images.py WANTED.json STORE. STORE is the artifact store. WANTED has ``images`` to compose of its programs, and
``archives`` of it to take as they are. Each composed image is one layer without compression: nothing is sent anywhere, and the
hosts unpack nothing.
"""

import hashlib
import io
import json
import platform
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
ROOT, STATE = Path("/var/lib/containerd"), Path("/run/containerd")
START_SECONDS = 60
NAMESPACE = ("--namespace", "k8s.io")


def libraries(program: Path) -> set[Path]:
    """The files that a program needs, as ldd names them, the loader among them; none where it is linked statically."""
    found = subprocess.run(["ldd", program], check=False, capture_output=True, text=True).stdout
    return {Path(match) for match in re.findall(r"(/\S+) \(0x", found)}


def contents(image: dict, programs: Path) -> dict[str, Path]:
    """Path in the image -> file on this host."""
    own = {path: (programs / name).resolve() for path, name in image["programs"].items()}
    tools = [Path(path) for path in image["host_programs"]]
    needed = {library for tool in tools for library in libraries(tool)}
    return {**{str(path): path for path in sorted({*tools, *needed})}, **own}


def layer(image: dict, programs: Path) -> bytes:
    """The image's files as a tar file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, dereference=True) as tar:
        for path, source in sorted(contents(image, programs).items()):
            tar.add(source, path.lstrip("/"), recursive=False, filter=as_root)
        for path, target in sorted(image["links"].items()):
            link = tarfile.TarInfo(path.lstrip("/"))
            link.type, link.linkname, link.mode = tarfile.SYMTYPE, target, 0o777
            tar.addfile(link)
        for path in image["directories"]:
            directory = tarfile.TarInfo(path.lstrip("/"))
            directory.type, directory.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(directory)
    return buffer.getvalue()


def as_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Everything in an image belongs to root and may be read and run by all."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755
    return info


def archive(image: dict, programs: Path) -> bytes:
    """The image in the format of ``docker save``."""
    content = layer(image, programs)
    config = {
        "architecture": ARCHES[platform.machine()],
        "os": "linux",
        "config": {
            "Entrypoint": image["entrypoint"],
            "Cmd": image["command"],
            "User": image["user"],
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [image["reference"]], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config).encode(), "layer.tar": content, "manifest.json": json.dumps(manifest).encode()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def wait_for_containerd(ctr: Path) -> None:
    """Return when containerd answers."""
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([ctr, "version"], capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            sys.exit(f"containerd does not answer after {START_SECONDS} s")
        time.sleep(0.1)


def load(ctr: Path, name: str, content: bytes) -> None:
    """Give containerd an archive; ``name`` is what a failure is told by."""
    if subprocess.run([ctr, *NAMESPACE, "images", "import", "-"], input=content, check=False).returncode:
        sys.exit(f"{name}: containerd did not take the image; expected it to import an archive, and its own message stands above")


def by_digest(ctr: Path, content: bytes) -> None:
    """Let pods name an imported image by the digest of its manifest, as they do where it comes from a registry."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        index = json.load(tar.extractfile("index.json"))
    for manifest in index["manifests"]:
        reference = manifest["annotations"]["org.opencontainers.image.ref.name"]
        repository = reference.rpartition(":")[0]
        subprocess.run([ctr, *NAMESPACE, "images", "tag", reference, f"{repository}@{manifest['digest']}"], check=True)


def main() -> None:
    """Import every image."""
    wanted, store = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    programs = store / "bin"
    ctr = programs / "ctr"
    with subprocess.Popen([programs / "containerd", "--log-level", "error", "--root", ROOT, "--state", STATE]) as containerd:
        wait_for_containerd(ctr)
        for image in wanted["images"]:
            load(ctr, image["reference"], archive(image, programs))
        for path in wanted["archives"]:
            content = (store / path).read_bytes()
            load(ctr, path, content)
            by_digest(ctr, content)
        containerd.terminate()


if __name__ == "__main__":
    main()
