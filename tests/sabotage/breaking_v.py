"""Sabotages of tests, operation and delivery."""

from __future__ import annotations

from pathlib import Path

from tests.sabotage.registry import Object, files, remove, sabotage


@sabotage("V1", "one pod of a component never becomes ready")
def _(objects: list[Object]) -> None:
    remove(objects, "Pod", "trading-strategy-0")


@sabotage("V1", "the database never starts")
def _(objects: list[Object]) -> None:
    for number in range(3):
        remove(objects, "Pod", f"timescaledb-{number}")


@files("V8", "the archive lacks the roles")
def _(checkout: Path) -> None:
    galaxy = checkout / "galaxy.yml"
    galaxy.write_text(galaxy.read_text(encoding="utf-8").replace("build_ignore:", "build_ignore:\n  - roles"), encoding="utf-8")


@files("V8", "the connection of a play does not reach its modules")
def _(checkout: Path) -> None:
    (checkout / "meta" / "runtime.yml").write_text(
        '---\nrequires_ansible: ">=2.18.0,<2.22.0"\naction_groups: {cluster: []}\n', encoding="utf-8"
    )
