# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The image of a lab host, made once by debootstrap, and the volume with container images that every host starts with."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.lab import (
    IMAGE,
    LIMITS,
    PREFIX,
    STORE_IN_HOST,
    LabError,
    debian_mirror,
    digest,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.podman import (
    exists,
    mountpoint,
    podman,
)

_BUILD_TIMEOUT_S = 1800
_SEED_IN_HOST = "/run/seed"
_SOURCES = Path("/etc/apt")


@dataclass(frozen=True)
class ImageSettings:
    """What a host image is made from: Debian's release, packages and a directory of files laid over it."""

    release: str
    packages: tuple[str, ...]
    files: Path
    user: str

    @property
    def base(self) -> str:
        """The image with the packages alone, which take minutes; its tag is the hash of them."""
        return f"{IMAGE}-base:{digest(self.release, self.packages)}"

    @property
    def reference(self) -> str:
        """The image's name, with the hash of its inputs as tag."""
        return f"{IMAGE}:{digest(self.base, self.user, tree_hash(self.files))}"


@dataclass(frozen=True)
class SeedSettings:
    """The container images that hosts start with; see ``seed_images.py``.

    ``images`` are made of programs of the artifact store, ``archives`` are paths in it.
    """

    images: tuple[Mapping[str, Any], ...]
    archives: tuple[str, ...]
    script: Path
    store: Path

    def volume(self, image: str) -> str:
        """The volume's name, with the hash of its inputs."""
        names = {name for entry in self.images for name in entry["programs"].values()} | {"containerd", "ctr"}
        paths = sorted({f"bin/{name}" for name in names} | set(self.archives))
        files = {path: (self.store / path).resolve() for path in paths}
        missing = [path for path, file in files.items() if not file.is_file()]
        if missing:
            raise LabError(f"{self.store}: without {', '.join(missing)}; expected a filled store. Run playbooks/mirror.yml.")
        marks = {path: [str(file), file.stat().st_size, file.stat().st_mtime_ns] for path, file in files.items()}
        return f"{PREFIX}-lab-seed-{digest(image, self.wanted, marks, self.script.read_text(encoding='utf-8'))}"

    @property
    def wanted(self) -> dict[str, Any]:
        """What the script is told."""
        return {"images": list(self.images), "archives": list(self.archives)}


def tree_hash(root: Path) -> dict[str, list[str | int]]:
    """Path -> content hash and mode of every file below ``root``."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(root)): [hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode & 0o777]
        for path in files
    }


def build_image(settings: ImageSettings, runtime: str, cache: Path) -> None:
    """Make the host image, unless podman has it."""
    if exists("image", settings.reference):
        return
    if not exists("image", settings.base):
        _build_base(settings, cache)
    worker = f"{PREFIX}-lab-build-{digest(settings.reference, str(cache))}"
    podman("rm", "--force", "--ignore", worker)
    lay_over = "cp --recursive --preserve=mode /run/files/. / && exec /usr/lib/lab/finish-image"
    mount = f"--volume={settings.files}:/run/files:ro"
    limits = [f"--ulimit={limit}" for limit in LIMITS]
    options = ["--name", worker, "--network=none", mount, *limits]
    podman("--runtime", runtime, "run", *options, settings.base, "sh", "-ec", f'{lay_over} "$0"', settings.user)
    podman("commit", "--quiet", worker, settings.reference)
    podman("rm", "--force", worker)


def _build_base(settings: ImageSettings, cache: Path) -> None:
    with _scratch(cache) as scratch:
        root = scratch / "root"
        packages = ",".join(settings.packages)
        _run("debootstrap", "--variant=minbase", f"--include={packages}", settings.release, str(root), _mirror())
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            podman("import", "-", settings.base, stdin=tar.stdout.fileno() if tar.stdout else None)


def build_seed(settings: SeedSettings, image: str, runtime: str, cache: Path) -> None:
    """Make the volume with container images, unless podman has it; a run that was killed leaves one without its mark."""
    volume = settings.volume(image)
    if is_seeded(volume):
        return
    podman("volume", "rm", "--force", volume) if exists("volume", volume) else None
    podman("volume", "create", volume)
    with _scratch(cache) as scratch:
        shutil.copy2(settings.script, scratch / "seed_images.py")
        (scratch / "wanted.json").write_text(json.dumps(settings.wanted), encoding="utf-8")
        mounts = (f"{volume}:/var", f"{settings.store}:{STORE_IN_HOST}:ro", f"{scratch}:{_SEED_IN_HOST}")
        options = [*(f"--volume={mount}" for mount in mounts), *(f"--ulimit={limit}" for limit in LIMITS)]
        command = ("python3", f"{_SEED_IN_HOST}/seed_images.py", f"{_SEED_IN_HOST}/wanted.json", STORE_IN_HOST)
        podman("--runtime", runtime, "run", "--rm", "--privileged", "--network=none", *options, image, *command)
    _mark(volume).touch()


def is_seeded(volume: str) -> bool:
    """Whether the volume exists and is whole."""
    return exists("volume", volume) and _mark(volume).exists()


def _mark(volume: str) -> Path:
    return Path(mountpoint(volume)) / "lib" / "containerd" / ".seeded"


def fill_from_seed(seed: str, volume: str) -> None:
    """Give a new host its /var: the seed's, with image content as hard links, which containerd never writes in place.

    Databases are written in place, so they are true copies.
    """
    source, target = Path(mountpoint(seed)), Path(mountpoint(volume))
    shared = Path("lib/containerd")
    _run("cp", "--archive", "--no-target-directory", "--link", str(source), str(target))
    for path in sorted(target.rglob("*")):
        is_content = path.relative_to(target).is_relative_to(shared) and path.suffix != ".db"
        if path.is_file() and not path.is_symlink() and not is_content:
            _copy_of_its_own(path)


def _copy_of_its_own(path: Path) -> None:
    copy = path.with_name(f".{path.name}.copy")
    shutil.copy2(path, copy)
    known = path.stat()
    os.chown(copy, known.st_uid, known.st_gid)
    copy.replace(path)


def _mirror() -> str:
    files = [
        *_SOURCES.glob("sources.list"),
        *sorted(_SOURCES.glob("sources.list.d/*.list")),
        *_SOURCES.glob("sources.list.d/*.sources"),
    ]
    mirror = debian_mirror(path.read_text(encoding="utf-8", errors="replace") for path in files)
    if mirror is None:
        raise LabError(
            f"{_SOURCES}: no Debian mirror in apt's sources; the host image needs one. Run the lab on a Debian machine."
        )
    return mirror


@contextmanager
def _scratch(cache: Path) -> Iterator[Path]:
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="build-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def _run(*command: str, tail: int = 2000) -> None:
    environment: Sequence[tuple[str, str]] = (("DEBIAN_FRONTEND", "noninteractive"), ("LC_ALL", "C.UTF-8"))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S, check=False, env={**os.environ, **dict(environment)}
    )
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()[-tail:]}")
