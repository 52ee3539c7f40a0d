"""Copies of the checkout that stand elsewhere: what a tool or a user would see of it, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV_BIN = ROOT / ".venv" / "bin"


def listed_files() -> list[str]:
    """The files that belong to the project: tracked, or new and not ignored; deleted ones left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(name for name in set(names) if (ROOT / name).is_file() and not name.startswith(".collections"))


def copy_to(target: Path, wanted: Callable[[str], bool]) -> Path:
    """Copy the project's wanted files to ``target``, made anew."""
    shutil.rmtree(target, ignore_errors=True)
    for name in filter(wanted, listed_files()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> None:
    """Run and show a command; a failure ends the tool with the command's own exit status."""
    print("+", *command, flush=True)
    result = subprocess.run([str(part) for part in command], cwd=cwd, env=os.environ | env, check=False)
    if result.returncode:
        raise SystemExit(result.returncode)


def pyenv_path() -> str:
    """PATH with the real interpreters of pyenv before its shims, which exist for versions that do not start."""
    versions = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.1*/bin"))
    return os.pathsep.join([str(VENV_BIN), *map(str, versions), os.environ["PATH"]])
