"""Manifests as they should not be: valid ones of many kinds, changed at random in structure, types, keys, values and YAML.

Every seed gives the same manifests. A word that nobody may see stands wherever a secret may stand, and nowhere else.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
WORD = "Swordfish7788"
ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "core" / "managed_fields"
DEPENDS_ON = "config.kubernetes.io/depends-on"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_NAME = re.compile(r"(password|token)$", re.IGNORECASE)


@dataclass(frozen=True)
class Bad:
    """``text`` is one file. ``covered``: the word stands only where the engine can know that it is a secret."""

    name: str
    text: bytes
    covered: bool


@cache
def manifests() -> list[Json]:
    """Valid manifests: recorded ones of fifteen kinds, and kinds that the engine treats in a way of their own."""
    found = [yaml.safe_load(path.read_text(encoding="utf-8"))["desired"] for path in sorted(RECORDED.glob("*.yaml"))]
    return [*found, *copy.deepcopy(OWN)]


def _obj(api_version: str, kind: str, **fields: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **fields}


_CONTAINER = {"name": "app", "image": "registry.example/app:1", "env": [{"name": "DB_PASSWORD", "value": WORD}]}
OWN: tuple[Json, ...] = (
    _obj("v1", "Secret", stringData={"password": WORD, "other": f"a {WORD} 'é'"}, data={"x": "U3dvcmRmaXNoNzc4OA=="}),
    _obj("v1", "Secret", type="Opaque", stringData={"token": WORD}, immutable=True),
    _obj("v1", "Pod", spec={"containers": [_CONTAINER], "restartPolicy": "Never"}),
    _obj("v1", "ConfigMap", data={"db-password": WORD, "note": "{{ plain }}"}),
    _obj("tests.example.com/v1", "Widget", spec={"size": 1, "login": {"token": WORD}, "parts": [{"name": "a"}]}),
    _obj("keda.sh/v1alpha1", "ScaledObject", spec={"scaleTargetRef": {"name": "x"}, "triggers": [{"type": "cpu"}]}),
    _obj("v1", "PersistentVolumeClaim", spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}),
    _obj("batch/v1", "Job", spec={"template": {"spec": {"containers": [_CONTAINER], "restartPolicy": "Never"}}}),
    {**_obj("v1", "ConfigMap"), "metadata": {"name": "x", "annotations": {LAST_APPLIED: json.dumps({"data": WORD})}}},
    {**_obj("v1", "ConfigMap"), "metadata": {"name": "y", "annotations": {DEPENDS_ON: "/namespaces/a/Secret/x"}}},
    {
        **_obj("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        "metadata": {"name": "widgets.tests.example.com"},
        "spec": {
            "group": "tests.example.com",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    },
    {"apiVersion": "v1", "kind": "List", "items": [_obj("v1", "Secret", stringData={"a": WORD}), _obj("v1", "ServiceAccount")]},
)  # fmt: skip

# What may stand in any place. Made anew each time, because a later change may go into it.
ODD: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: "",
    lambda: [None],
    lambda: {"a": None},
    lambda: True,
    lambda: -1,
    lambda: 10**30,
    lambda: 1.5e308,
    lambda: float("inf"),
    lambda: float("nan"),
    lambda: "{{ x }} {% y %} $VAR ${VAR} \U0001f4b9 \u202eabc",
    lambda: "a\0b",
    lambda: "x" * 5000,
    lambda: "../../etc?a=b#c d",
    lambda: ["a", {"b": [[1]]}],
    lambda: {"name": "x", "value": {"a": 1}},
    lambda: _deep(60),
    lambda: _deep(260),
)
KEYS = ("", "a b", "/", "~1", "apiVersion", "kind", "metadata", "spec", "\u202e", "\U0001f4b9", "x" * 300, "f:a", ".", "*", "[0]")


def _deep(levels: int) -> Any:
    value: Any = "end"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


Path_ = tuple[Any, ...]


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place below the top."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in entries:
        yield (*path, step)
        if len(path) < 40:
            yield from places(child, (*path, step))


def _parent(obj: Any, path: Path_) -> Any:
    for step in path[:-1]:
        obj = obj[step]
    return obj


def _replace(chance: random.Random, obj: Json, path: Path_) -> None:
    _parent(obj, path)[path[-1]] = chance.choice(ODD)()


def _remove(_chance: random.Random, obj: Json, path: Path_) -> None:
    del _parent(obj, path)[path[-1]]


def _rename(chance: random.Random, obj: Json, path: Path_) -> None:
    holder = _parent(obj, path)
    if isinstance(holder, dict):
        holder[chance.choice((*KEYS, 1, None, True, str(path[-1]).upper(), f"{path[-1]}s"))] = holder.pop(path[-1])


def _wrap(chance: random.Random, obj: Json, path: Path_) -> None:
    holder = _parent(obj, path)
    holder[path[-1]] = chance.choice(([holder[path[-1]]], {"a": holder[path[-1]]}, str(holder[path[-1]])))


def _add(chance: random.Random, obj: Json, path: Path_) -> None:
    target = _parent(obj, path)[path[-1]]
    if isinstance(target, dict):
        target[chance.choice(KEYS)] = chance.choice(ODD)()
    elif isinstance(target, list):
        target.append(chance.choice(ODD)())


def _swap(chance: random.Random, obj: Json, path: Path_) -> None:
    """Puts the value of one place into another as well."""
    other = chance.choice(list(places(obj)))
    _parent(obj, path)[path[-1]] = copy.deepcopy(_parent(obj, other)[other[-1]])


CHANGES = (_replace, _replace, _remove, _rename, _wrap, _add, _swap)


def changed(chance: random.Random, obj: Json) -> Json:
    """The manifest with one to three changes; the word stands afterwards only where it is known as a secret."""
    obj = copy.deepcopy(obj)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if found := list(places(obj)):
            chance.choice(CHANGES)(chance, obj, chance.choice(found))
    return _defused(obj)


def _defused(obj: Json) -> Json:
    """Without the word wherever no rule says that a secret stands there."""
    items = obj.get("items")
    for one in (obj, *(items if isinstance(items, list) else ())):
        if isinstance(one, dict):
            secret = isinstance(one.get("kind"), str) and one["kind"].lower() in ("secret", "secrets")
            _defuse(one, secret, (), inner="items" if one is obj and isinstance(items, list) else None)
    return obj


def _defuse(value: Any, secret: bool, path: Path_, inner: str | None = None) -> None:
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    for step, child in entries:
        if isinstance(child, str):
            if carries(child) and not _known(value, step, secret, path):
                value[step] = "harmless"
        elif step != inner:
            _defuse(child, secret, (*path, step))


def carries(text: str) -> bool:
    """Whether the word stands in the text, plain or as base64."""
    return WORD in text or "U3dvcmRmaXNo" in text


def _known(holder: Any, step: Any, secret: bool, path: Path_) -> bool:
    top = path[0] if path else step
    if secret and top not in ("apiVersion", "kind", "metadata", "type"):
        return True
    if path == ("metadata", "annotations") and step == LAST_APPLIED:
        return True
    named = isinstance(holder, dict) and isinstance(holder.get("name"), str) and _SECRET_NAME.search(holder["name"])
    return bool((named and step == "value") or (isinstance(step, str) and _SECRET_NAME.search(step)))


def _written(chance: random.Random, documents: Sequence[Json]) -> str:
    style = chance.random()
    if style < 0.2:
        return "\n---\n".join(json.dumps(document, ensure_ascii=chance.random() < 0.5) for document in documents)
    options: Json = {"allow_unicode": chance.random() < 0.5, "width": 80, "default_flow_style": chance.random() < 0.2}
    return yaml.dump_all(documents, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), **options)


def _inserted(what: str) -> Callable[[random.Random, str], str]:
    def change(chance: random.Random, text: str) -> str:
        lines = text.split("\n")
        lines.insert(chance.randrange(len(lines) + 1), what)
        return "\n".join(lines)

    return change


def _cut(chance: random.Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start + chance.randint(1, 5) :]


def _tagged(chance: random.Random, text: str) -> str:
    tag = chance.choice(
        (
            "!!int",
            "!!binary",
            "!!timestamp",
            "!!set",
            "!!float",
            "!!bool",
            "!own",
            "!!python/object:os.system",
            "!vault",
            "!!omap",
        )
    )
    return re.sub(r": (?=\S)", f": {tag} ", text, count=chance.randint(1, 3))


def _doubled(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    number = chance.randrange(len(lines))
    return "\n".join([*lines[: number + 1], lines[number], *lines[number + 1 :]])


_INNER = ("1", "*l", "*m", "*n", "*o", "*p", "*q")
# Seven aliases, each of twelve of the one before: thirty-five million values.
LAUGHS = "".join(f"{name}: &{name} [{', '.join([inner] * 12)}]\n" for name, inner in zip("lmnopqr", _INNER, strict=True))

YAML: tuple[Callable[[random.Random, str], str], ...] = (
    _cut,
    _cut,
    _tagged,
    _doubled,
    _inserted("\tx: 1"),
    _inserted("a: &a [*a]"),
    _inserted("<<: {apiVersion: v2}"),
    _inserted("<<: *nothing"),
    _inserted("---"),
    _inserted("..."),
    _inserted("%YAML 1.1"),
    _inserted("? [a, b]\n: c"),
    _inserted("0x_: 0b_"),
    _inserted("big: " + "9" * 5000),
    _inserted("- " * 300),
    _inserted("deep: " + "[" * 3000),
    _inserted(LAUGHS),
    lambda _chance, text: "\ufeff" + text,
    lambda _chance, text: text.replace("\n", "\r\n"),
    lambda _chance, text: text.replace(": ", ":", 1),
    lambda _chance, text: text.replace(WORD, f'"{WORD}', 1),
    lambda chance, text: text[: chance.randrange(len(text) + 1)] + "\0" + text[chance.randrange(len(text) + 1) :],
)  # fmt: skip


def bad_manifests(seed: int, count: int) -> Iterator[Bad]:
    """``count`` files."""
    valid = manifests()
    for number in range(count):
        name = f"bad-{seed}-{number}.yaml"
        chance = random.Random(f"{seed}/{number}")
        documents = [changed(chance, _named(chance.choice(valid), number)) for _ in range(chance.choice((1, 1, 1, 2)))]
        text = _written(chance, documents)
        odd_yaml = chance.random() < 0.3
        if odd_yaml:
            text = chance.choice(YAML)(chance, text)
        data = text.encode("utf-8", "replace")
        if chance.random() < 0.01:
            data = data[: len(data) // 2] + bytes([0xFF, 0xFE, 0x00]) + data[len(data) // 2 :]
        yield Bad(name, data, not odd_yaml)


def _named(obj: Json, number: int) -> Json:
    """Names differ from file to file, so that not everything is a duplicate."""
    if obj["kind"] in ("List", "CustomResourceDefinition") or number % 50 == 0:
        return obj
    return {**obj, "metadata": {**obj["metadata"], "name": f"{obj['metadata']['name']}-{number}"}}
