"""What failed in a run of several sessions, told once more at its end: ``python tools/failures.py build/junit``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

LINES = 60


def failures(report: Path) -> Iterator[str]:
    """One text per failed test of a JUnit report, with the last lines of what pytest said of it."""
    for case in ElementTree.parse(report).iter("testcase"):
        for found in [*case.findall("failure"), *case.findall("error")]:
            lines = (found.text or found.get("message") or "").rstrip().splitlines()
            yield "\n".join([f"{report.stem}: {case.get('classname')}::{case.get('name')}", *lines[-LINES:]])


def main(folder: Path) -> None:
    found = [text for report in sorted(folder.glob("*.xml")) for text in failures(report)]
    print(f"\n{len(found)} failed tests; sessions without tests (lint, sanity) tell their own findings above")
    print("\n\n".join(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
