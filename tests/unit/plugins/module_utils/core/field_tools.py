# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects to change leaf by leaf, for the tests of recorded fields."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

MANAGER = "recorder"
Leaf = tuple[tuple[str | int, ...], Any]


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, (*path, key))
    elif isinstance(value, list) and value:
        for index, child in enumerate(value):
            yield from leaves(child, (*path, index))
    else:
        yield path, value


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        return f"{value}x" if not value.endswith("==") else "eHh4"
    return {"added": "x"} if isinstance(value, dict) else ["added"] if isinstance(value, list) else "x"


def put(obj: Any, path: tuple[str | int, ...], value: Any) -> Any:
    result = copy.deepcopy(obj)
    parent = result
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return result


def without(obj: Any, path: tuple[str | int, ...]) -> Any:
    result = copy.deepcopy(obj)
    parent = result
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return result


def recorded(obj: dict[str, Any], fields: Any, **entry: Any) -> dict[str, Any]:
    record = {"manager": MANAGER, "operation": "Apply", "apiVersion": obj["apiVersion"], "fieldsV1": fields, **entry}
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [record]}}


def widget(spec: Any, fields: Any = None, live: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
    desired = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "x"}, "spec": spec}
    return desired, recorded(
        {**desired, "spec": spec if live is None else live}, {"f:spec": fields if fields is not None else {}}
    )
