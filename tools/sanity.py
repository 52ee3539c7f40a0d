"""ansible-test sanity in a copy under the collection's real name, with every Python from 3.10 on that this machine has."""

from __future__ import annotations

import sys
from pathlib import Path

from workspace import BUILD, VENV_BIN, copy_to, pyenv_path, run

# ansible-test makes environments without pip and downloads a bootstrap script for them. Python's own ensurepip does the
# same from a wheel that it carries, so the tests run where only a package index is reachable.
BOOTSTRAP = Path.home() / ".ansible" / "test" / "cache"
BOOTSTRAP_NAMES = ("get_pip_24_2.py", "get_pip_25_2.py", "get_pip_25_3.py")
BOOTSTRAP_TEXT = "import ensurepip\n\nensurepip.bootstrap(default_pip=True)\n"


def offer_bootstrap() -> None:
    BOOTSTRAP.mkdir(parents=True, exist_ok=True)
    for path in (BOOTSTRAP / name for name in BOOTSTRAP_NAMES):
        if not path.exists():
            path.write_text(BOOTSTRAP_TEXT)


def ships(name: str) -> bool:
    """What a user installs. The tests and tools stay in the repository; ruff and mypy judge them there."""
    return not name.startswith(("tests/", "tools/")) or name.startswith(("tests/config.yml", "tests/sanity/"))


def main(arguments: list[str]) -> None:
    offer_bootstrap()
    target = copy_to(BUILD / "sanity" / "ansible_collections" / "autotrade" / "deployment", ships)
    # Without a repository of its own ansible-test would ask the checkout's, which ignores build/.
    run("git", "init", "--quiet", cwd=target)
    run("git", "add", "--all", cwd=target)
    run(VENV_BIN / "ansible-test", "sanity", "--venv", "--color", "no", *arguments, cwd=target, PATH=pyenv_path())


if __name__ == "__main__":
    main(sys.argv[1:])
