"""Plays a program for test_commands.py: ``actor.py NAME ARGUMENTS...``.

Does what the next command needs, or says what is missing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

ENCRYPTED = "$ANSIBLE_VAULT;1.1;AES256\n"


def there(path: str) -> Path:
    found = Path(path)
    if not found.exists():
        sys.exit(f"{path} is not there")
    return found


def after(option: str, arguments: Sequence[str]) -> Iterator[str]:
    return (value for flag, value in pairwise(arguments) if flag == option)


def make(arguments: Sequence[str]) -> None:
    known = re.findall(r"^([\w-]+):", Path("Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for target in arguments:
        if target not in known:
            sys.exit(f"make knows no {target}")
    if "setup" in arguments:
        activate = Path(".venv/bin/activate")
        activate.parent.mkdir(parents=True, exist_ok=True)
        activate.touch()


def tofu(arguments: Sequence[str]) -> None:
    (folder,) = [there(one.partition("=")[2]) for one in arguments if one.startswith("-chdir=")] or [Path()]
    if not list(folder.glob("*.tf")):
        sys.exit(f"{folder} holds no configuration")
    for one in arguments:
        if one.startswith("-var-file="):
            there(str(folder / one.partition("=")[2]))


def inventory(arguments: Sequence[str]) -> None:
    for path in after("-i", arguments):
        there(path)


def playbook(arguments: Sequence[str]) -> None:
    there(arguments[0])
    inventory(arguments)
    files = [file for path in after("-i", arguments) for file in Path(path).glob("group_vars/**/*.yml")]
    if any(file.read_text(encoding="utf-8").startswith(ENCRYPTED) for file in files) and "--ask-vault-pass" not in arguments:
        sys.exit("Attempting to decrypt but no vault secrets found.")


def vault(arguments: Sequence[str]) -> None:
    path = Path(arguments[-1])
    there(str(path.parent))
    path.write_text(ENCRYPTED, encoding="utf-8")


def editor(arguments: Sequence[str]) -> None:
    Path(arguments[0]).touch()


def nothing(_arguments: Sequence[str]) -> None:
    """What it would do is seen by no other command."""


PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {
    "make": make,
    "tofu": tofu,
    "editor": editor,
    "ansible-playbook": playbook,
    "ansible-inventory": inventory,
    "ansible-vault": vault,
}

if __name__ == "__main__":
    PROGRAMS.get(sys.argv[1], nothing)(sys.argv[2:])
