"""The ansible-core x Python pairs that are really tested; `python tools/matrix.py` prints them with what this machine has."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Pair:
    """One row of docs/support-matrix.md."""

    core: str
    python: str


# Every supported core and every supported controller Python at least once; a core's oldest and newest Python differ.
PAIRS = (Pair("2.18", "3.11"), Pair("2.19", "3.12"), Pair("2.20", "3.12"), Pair("2.21", "3.13"))


def find_python(version: str) -> str | None:
    """An interpreter of this minor version that really starts: on PATH, else one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [f"python{version}", *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]
    for candidate in candidates:
        probe = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            done = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if done.stdout.strip() == version:
            return candidate
    return None


def environment(pair: Pair) -> Path:
    """The bin directory of the pair's environment, made once and kept until its pinned requirements change."""
    requirements = ROOT / "requirements" / f"matrix-{pair.core}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    target = ROOT / ".nox" / f"matrix-{pair.core}-{pair.python}-{digest}"
    if not (target / ".complete").exists():
        python = find_python(pair.python)
        if python is None:
            raise SystemExit(f"Python {pair.python} is not on this machine; install it or run the other pairs")
        subprocess.run([python, "-m", "venv", "--clear", str(target)], check=True)
        install = [str(target / "bin/python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(requirements)]
        subprocess.run(install, check=True)
        (target / ".complete").touch()
    return target / "bin"


if __name__ == "__main__":
    print(f"{'ansible-core':<14}{'Python':<8}{'on this machine'}")
    for pair in PAIRS:
        print(f"{pair.core:<14}{pair.python:<8}{find_python(pair.python) or 'missing'}")
