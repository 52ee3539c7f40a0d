# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes over what earlier tools left in ``managedFields``, once, so that fields which left the manifests do not live on.

Server-side apply removes a field that nobody else owns. What ``kubectl apply`` without ``--server-side``, ``kubectl create``
or ``kubectl edit`` wrote is owned by managers that never come back, so it would stay for ever. As in client-go's
``util/csaupgrade``, their fields are united with those that we applied; the apply that follows then removes what is stale, the
last-applied annotation too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import value_at, without_value
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import (
    FieldSetError,
    applied_fields,
    fields_of,
    leaf_paths,
    member_paths,
    other_records,
    parse_fields,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_list, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import LAST_APPLIED

# The API server's own name for whoever wrote an object before the first apply.
FIRST_APPLY = "before-first-apply"
EDIT = "kubectl-edit"
EARLIER_MANAGERS = ("kubectl-client-side-apply", "kubectl-create", EDIT, FIRST_APPLY)
_ANNOTATION_PATH = f".metadata.annotations.{LAST_APPLIED}"
_METADATA = ("annotations", "labels", "finalizers", "ownerReferences")


@dataclass(frozen=True)
class Migration:
    """Managers whose fields become ours, and the ``managedFields`` that say so."""

    managers: tuple[str, ...]
    managed_fields: tuple[Mapping[str, Any], ...]

    def patch(self, version: str) -> list[dict[str, Any]]:
        """JSON patch of the object in exactly this resourceVersion; another one makes the API server answer 409."""
        return [
            {"op": "replace", "path": "/metadata/managedFields", "value": list(self.managed_fields)},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        ]


def migration_of(desired: KubeObject, live: KubeObject, manager: str, names: Collection[str]) -> Migration | None:
    """What has to be taken over from the managers ``names`` before ``desired`` is applied by ``manager``; mostly nothing.

    Only what came before us counts: a manager that wrote after our last apply is in conflict with us, and rules decide that.
    It must hold a field of the manifest or the last-applied annotation, else it never managed what we manage.
    """
    ours = next(iter(applied_fields(live, manager)), None)
    version = dig(ours, "apiVersion", default=desired.get("apiVersion"))
    chosen = [
        entry for entry in _earlier(live, ours, names) if entry.get("apiVersion") == version and _holds_ours(entry, desired)
    ]
    if not chosen:
        return None
    united = dict(ours or {**chosen[0], "manager": manager, "operation": "Apply"})
    for entry in chosen:
        united["fieldsV1"] = _union(united.get("fieldsV1"), entry.get("fieldsV1"))
    rest = [entry for entry in dig_list(live, "metadata", "managedFields") if entry not in chosen and entry is not ours]
    return Migration(tuple(sorted(str(entry["manager"]) for entry in chosen)), (united, *rest))


def _earlier(live: KubeObject, ours: Mapping[str, Any] | None, names: Collection[str]) -> list[Mapping[str, Any]]:
    listed = [
        entry
        for entry in dig_list(live, "metadata", "managedFields")
        if isinstance(entry, Mapping)
        and entry.get("manager") in names
        and entry.get("operation") == "Update"
        and not entry.get("subresource")
    ]
    if ours is None:
        # An edit begins no object: alone, it may as well have overwritten all that we had applied, which is a conflict.
        return listed if any(entry["manager"] != EDIT for entry in listed) else []
    # RFC 3339 in UTC: the texts compare as the times do.
    return [e for e in listed if e["manager"] == FIRST_APPLY or str(e.get("time")) < str(ours.get("time"))]


def _holds_ours(entry: Mapping[str, Any], desired: KubeObject) -> bool:
    try:
        paths = list(leaf_paths(parse_fields(entry.get("fieldsV1"))))
    except FieldSetError:
        return False
    return any(path == _ANNOTATION_PATH or value_at(desired, path) is not None for path in paths)


def _union(one: Any, other: Any) -> dict[str, Any]:
    """Both sets of a fieldsV1 document; a place without children is itself a member, which ``.`` says beside children."""
    mine, theirs = dig_map(one), dig_map(other)
    if not mine or not theirs:
        members = dict(mine or theirs)
        return {".": {}, **members} if members and one is not None and other is not None else members
    return {key: _merged(mine, theirs, key) for key in {**mine, **theirs}}


def _merged(mine: Mapping[str, Any], theirs: Mapping[str, Any], key: str) -> dict[str, Any]:
    if key in mine and key in theirs:
        return _union(mine[key], theirs[key])
    return dict(mine.get(key, theirs.get(key)) or {})


def without_stale(after: KubeObject, migration: Migration, manager: str) -> KubeObject:
    """The answer to a dry run without the fields that nobody holds once ``migration`` is done: what will come of it."""
    kept = {path for record in fields_of(after, manager) for path in member_paths(record)}
    stale: set[str] = set()
    for entry, record in other_records(after, manager):
        into = stale if entry.get("manager") in migration.managers and entry.get("operation") == "Update" else kept
        into.update(member_paths(record))
    result: KubeObject = after
    for path in sorted(stale - kept):
        if not any(_below(other, path) for other in kept):
            result = without_value(result, path)
    return result


def _below(path: str, above: str) -> bool:
    return path.startswith((f"{above}.", f"{above}["))


def document_patch(live: KubeObject, wanted: KubeObject) -> list[dict[str, Any]]:
    """JSON patch that makes ``live`` the same as ``wanted``, but for what the server keeps for itself, and status."""
    fields = [(key,) for key in {**live, **wanted} if key not in ("apiVersion", "kind", "metadata", "status")]
    places: Iterable[tuple[str, ...]] = [*fields, *(("metadata", key) for key in _METADATA)]
    patch: list[dict[str, Any]] = []
    for place in places:
        before, value, pointer = dig(live, *place), dig(wanted, *place), "/" + "/".join(place)
        if value is None and before is not None:
            patch.append({"op": "remove", "path": pointer})
        elif value != before:
            patch.append({"op": "add", "path": pointer, "value": value})
    return patch
