"""Order by ``config.kubernetes.io/depends-on``: within the waves, without cycles, and always the same."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_dependencies import (
    DEPENDS_ON,
    Reference,
    Stage,
    references,
    removal_stages,
    stages,
    unknown,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_order import waves
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError, ObjectRef, ref_of
from hypothesis import given
from hypothesis import strategies as st

VERSIONS = {"Deployment": "apps/v1", "ConfigMap": "v1", "Namespace": "v1", "HTTPRoute": "gateway.networking.k8s.io/v1"}


def item(kind: str, name: str, *needs: str, source: str = "a.yaml") -> Item:
    place = {} if kind == "Namespace" else {"namespace": "demo"}
    metadata: dict[str, Any] = {"name": name, **place, "annotations": {DEPENDS_ON: ", ".join(needs)} if needs else {}}
    obj = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": metadata}
    return Item(obj, ref_of(obj), source, None)


def on(kind: str, name: str) -> str:
    group = VERSIONS[kind].rpartition("/")[0]
    return f"{group}/{kind}/{name}" if kind == "Namespace" else f"{group}/namespaces/demo/{kind}/{name}"


def shown(staged: tuple[Stage, ...]) -> list[tuple[str, list[str]]]:
    return [(stage.name, [one.ref.name for one in stage.items]) for stage in staged]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("apps/namespaces/demo/Deployment/web", [("apps", "Deployment", "demo", "web")]),
        ("/namespaces/demo/ConfigMap/a", [("", "ConfigMap", "demo", "a")]),
        ("/Namespace/demo", [("", "Namespace", "", "demo")]),
        (" /Namespace/b ,\n/Namespace/a,/Namespace/b", [("", "Namespace", "", "a"), ("", "Namespace", "", "b")]),
    ],
)
def test_references_are_read_as_cli_utils_writes_them(text: str, found: list[tuple[str, ...]]) -> None:
    obj = {"metadata": {"annotations": {DEPENDS_ON: text}}}
    assert [(r.group, r.kind, r.namespace, r.name) for r in references(obj)] == found
    assert ",".join(map(str, references({"metadata": {"annotations": {DEPENDS_ON: ",".join(map(str, references(obj)))}}})))


@pytest.mark.parametrize(
    "text", ["", "web", "a/b", "apps/demo/Deployment/web", "a/namespaces//K/n", "a/ns/d/K/n", "a//n", "a/K/", "/Namespace/a,"]
)
def test_what_cannot_be_read_is_quoted_with_the_right_form(text: str) -> None:
    obj = item("ConfigMap", "one").obj
    wrong = {**obj, "metadata": {**obj["metadata"], "annotations": {DEPENDS_ON: text}}}
    with pytest.raises(ManifestError, match=r"a\.yaml.*depends-on.*group/namespaces/namespace/kind/name"):
        stages([Item(wrong, ref_of(wrong), "a.yaml", None)])


def test_without_dependencies_the_waves_stand_as_they_are() -> None:
    items = [item("Deployment", "b"), item("Deployment", "a"), item("ConfigMap", "c")]
    assert shown(stages(items)) == [("configuration", ["c"]), ("workloads", ["a", "b"])]
    assert all(not stage.awaited and not stage.outside for stage in stages(items))


def test_a_dependency_divides_its_wave_and_is_awaited() -> None:
    items = [
        item("Deployment", "web", on("Deployment", "db"), on("ConfigMap", "c")),
        item("Deployment", "db"),
        item("ConfigMap", "c"),
        item("Deployment", "other"),
        item("Deployment", "edge", on("Deployment", "web")),
    ]
    staged = stages(items)
    assert shown(staged) == [
        ("configuration", ["c"]),
        ("workloads, part 1 of 3", ["db", "other"]),
        ("workloads, part 2 of 3", ["web"]),
        ("workloads, part 3 of 3", ["edge"]),
    ]
    assert [sorted(ref.name for ref in stage.awaited) for stage in staged] == [["c"], ["db"], ["web"], []]


def test_removal_is_the_reverse_and_waits_for_those_that_depend() -> None:
    items = [item("Deployment", "web", on("Deployment", "db")), item("Deployment", "db"), item("ConfigMap", "c")]
    staged = removal_stages(items)
    assert [[one.ref.name for one in stage.items] for stage in staged] == [["web"], ["db"], ["c"]]
    assert [sorted(ref.name for ref in stage.awaited) for stage in staged] == [["web"], [], []]


def test_objects_beyond_the_set_are_named_with_who_needs_them() -> None:
    (stage,) = stages([item("Deployment", "web", on("Deployment", "elsewhere"))])
    (reference,) = stage.outside
    assert (reference, stage.outside[reference].ref.name) == (Reference("apps", "Deployment", "demo", "elsewhere"), "web")
    assert "neither among the manifests nor in the cluster" in unknown(reference, [])


def test_a_namespaced_object_named_without_its_namespace_gets_a_hint() -> None:
    near = ObjectRef("apps/v1", "Deployment", "demo", "web")
    assert "Did you mean apps/namespaces/demo/Deployment/web?" in unknown(Reference("apps", "Deployment", "", "web"), [near])


def test_a_cycle_is_told_whole_and_every_cycle_at_once() -> None:
    ring = [item("Deployment", n, on("Deployment", m), source=f"{n}.yaml") for n, m in (("a", "b"), ("b", "c"), ("c", "a"))]
    alone = item("ConfigMap", "self", on("ConfigMap", "self"))
    behind = item("Deployment", "d", on("Deployment", "a"))
    with pytest.raises(ManifestError) as caught:
        stages([*ring, alone, behind])
    itself, cycle = (str(problem) for problem in caught.value.problems)
    assert "a dependency on itself: v1 ConfigMap demo/self -> v1 ConfigMap demo/self" in itself
    assert " -> ".join(f"apps/v1 Deployment demo/{name}" for name in "abca") in cycle


def test_a_dependency_against_the_waves_names_both() -> None:
    with pytest.raises(ManifestError) as caught:
        stages([item("Namespace", "demo", on("Deployment", "web")), item("Deployment", "web")])
    (problem,) = caught.value.problems
    for words in ("v1 Namespace demo", "apps/v1 Deployment demo/web", "namespaces and definitions", "workloads"):
        assert words in str(problem)


def test_a_cycle_across_waves_is_told_as_a_cycle_only() -> None:
    with pytest.raises(ManifestError) as caught:
        stages([item("ConfigMap", "c", on("Deployment", "web")), item("Deployment", "web", on("ConfigMap", "c"))])
    (problem,) = caught.value.problems
    assert "a cycle of dependencies" in str(problem)


def test_what_is_removed_may_hold_any_nonsense() -> None:
    items = [
        item("Deployment", "a", on("Deployment", "b")),
        item("Deployment", "b", on("Deployment", "a")),
        item("Deployment", "c", "nonsense"),
        item("ConfigMap", "d", on("Deployment", "a")),
    ]
    assert sorted(one.ref.name for stage in removal_stages(items) for one in stage.items) == list("abcd")


@st.composite
def acyclic(draw: st.DrawFn) -> list[Item]:
    """Objects in a drawn order; each depends only on earlier ones of its own or an earlier wave."""
    names = draw(
        st.lists(st.tuples(st.sampled_from(["ConfigMap", "Deployment", "HTTPRoute"]), st.sampled_from("abcdef")), unique=True)
    )
    order = sorted(names, key=lambda pair: ["ConfigMap", "Deployment", "HTTPRoute"].index(pair[0]))
    items = []
    for position, (kind, name) in enumerate(order):
        needs = draw(st.lists(st.sampled_from(order[:position]), unique=True, max_size=3)) if position else []
        items.append(item(kind, name, *(on(*need) for need in needs)))
    return items


@given(acyclic(), st.integers())
def test_every_object_follows_what_it_needs_and_the_order_is_always_the_same(items: list[Item], seed: int) -> None:
    staged = stages(items)
    position = {one.ref.key: number for number, stage in enumerate(staged) for one in stage.items}
    assert len(position) == len(items) == sum(len(stage.items) for stage in staged)
    for one in items:
        for reference in references(one.obj):
            assert position[reference.key] < position[one.ref.key]
            (needed,) = (other.ref for other in items if other.ref.key == reference.key)
            assert needed in staged[position[reference.key]].awaited
    shuffled = items[:]
    random.Random(seed).shuffle(shuffled)
    assert stages(shuffled) == staged
    wave_of = {ref_of(obj): number for number, wave in enumerate(waves(one.obj for one in items)) for obj in wave.objects}
    in_order = [wave_of[one.ref] for stage in staged for one in stage.items]
    assert in_order == sorted(in_order)
    removed = [one.ref for stage in removal_stages(items) for one in stage.items]
    assert all(removed.index(one.ref) < removed.index(other.ref) for one in items for other in items if depends(one, other))


def depends(one: Item, other: Item) -> bool:
    return other.ref.key in {reference.key for reference in references(one.obj)}


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12))
def test_cycles_are_found_exactly_where_they_are(edges: list[tuple[str, str]]) -> None:
    needs: dict[str, set[str]] = {name: set() for name in "abcde"}
    for one, other in edges:
        needs[one].add(other)
    items = [item("Deployment", name, *(on("Deployment", other) for other in sorted(others))) for name, others in needs.items()]
    reachable = {name: closure(needs, name) for name in needs}
    if any(name in reachable[name] for name in needs):
        with pytest.raises(ManifestError, match=r"cycle|itself") as caught:
            stages(items)
        for problem in caught.value.problems:
            ring = re.findall(r"Deployment demo/(\w)", problem.found)
            assert all(after in needs[before] for before, after in pairwise(ring))
            assert ring[0] == ring[-1]
    else:
        assert sum(len(stage.items) for stage in stages(items)) == 5


def closure(needs: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    open_ = list(needs[start])
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += needs[name]
    return found
