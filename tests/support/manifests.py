"""What tests ask of rendered objects again and again."""

from __future__ import annotations

from typing import Any

#: role -> its objects
Objects = dict[str, list[dict[str, Any]]]


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Objects of one kind by name."""
    return {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == kind}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    """The spec of the pods that a workload makes."""
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def container(workload: dict[str, Any]) -> dict[str, Any]:
    """The first container of those pods."""
    first: dict[str, Any] = pod(workload)["containers"][0]
    return first
