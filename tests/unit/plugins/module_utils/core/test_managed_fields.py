# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No doubt after an apply, a doubt after any change.

The cases below managed_fields/ are manifests and what a real API server 1.36 returned for them; the properties run on
objects of a small schema, with the server's recording of fields played by the test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.managed_fields import Doubt, needs_apply

from tests.unit.plugins.module_utils.core.field_tools import MANAGER, changed, leaves, put, recorded, widget, without

CASES = sorted((Path(__file__).parent / "managed_fields").glob("*.yaml"))

# Left out or empty: the server makes no difference.
SAME_WHEN_REMOVED = {("spec", "podSelector", "matchLabels"), ("metadata", "creationTimestamp"), ("status",)}


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    return case["desired"], case["live"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_doubt_about_what_was_just_applied(path: Path) -> None:
    desired, live = load(path)
    assert needs_apply(desired, live, MANAGER) is None


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_changed_value_is_a_doubt(path: Path) -> None:
    desired, live = load(path)
    ignored = {("metadata", "creationTimestamp"), ("status",)}
    blind = [
        place
        for place, value in leaves(desired)
        if place not in ignored and needs_apply(put(desired, place, changed(value)), live, MANAGER) is None
    ]
    assert blind == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_removed_value_is_a_doubt_unless_it_was_empty(path: Path) -> None:
    desired, live = load(path)
    blind = [
        place
        for place, value in leaves(desired)
        if place not in SAME_WHEN_REMOVED and value != [] and needs_apply(without(desired, place), live, MANAGER) is None
    ]
    assert blind == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_live_value_that_someone_changed_is_a_doubt(path: Path) -> None:
    desired, live = load(path)
    owned = [place for place, value in leaves(desired) if value not in (None, "", [], {}) and _reachable(live, place)]
    assert owned
    for place in owned:
        assert needs_apply(desired, put(live, place, "drifted"), MANAGER) is not None, place


def _reachable(obj: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        try:
            obj = obj[step]
        except (KeyError, IndexError):
            return False
    return True


def config_map(**changes: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "n"}, "data": {"a": "1"}, **changes}


DATA = {"f:data": {"f:a": {}}}
LIVE = recorded(config_map(), DATA)


@pytest.mark.parametrize(
    ("desired", "live", "path"),
    [
        (config_map(), config_map(), "metadata.managedFields"),
        (config_map(), recorded(config_map(), DATA, manager="them"), "metadata.managedFields"),
        (config_map(), recorded(config_map(), DATA, operation="Update"), "metadata.managedFields"),
        (config_map(), recorded(config_map(), {"i:0": {}}), "metadata.managedFields"),
        (config_map(), recorded(config_map(), None), "metadata.managedFields"),
        (config_map(), recorded(config_map(), DATA, apiVersion="v2"), "apiVersion"),
        (config_map(apiVersion="v2"), LIVE, "apiVersion"),
        (config_map(kind="Secret"), LIVE, "kind"),
        (config_map(metadata={"name": "y"}), LIVE, "metadata.name"),
        (config_map(metadata={"name": "x", "namespace": "other"}), LIVE, "metadata.namespace"),
        (
            config_map(),
            recorded(config_map(metadata={"name": "x", "namespace": "n", "deletionTimestamp": "t"}), DATA),
            "metadata.deletionTimestamp",
        ),
        (config_map(data={"a": "2"}), LIVE, "data.a"),
        (config_map(data={"a": "1", "b": "2"}), LIVE, "data.b"),
        (config_map(data={}), LIVE, "data.a"),
        (config_map(data=None), LIVE, "data"),
        (config_map(data="text"), LIVE, "data"),
        (config_map(data=[1]), LIVE, "data"),
        (config_map(immutable=True), LIVE, "immutable"),
        (config_map(metadata={"name": "x", "labels": {"l": "v"}}), LIVE, "metadata"),
        (config_map(), recorded(config_map(data={"a": None}), DATA), "data.a"),
        (config_map(), recorded(config_map(data="x"), DATA), "data"),
    ],
)
def test_the_path_in_doubt(desired: Any, live: Any, path: str) -> None:
    doubt = needs_apply(desired, live, MANAGER)
    assert isinstance(doubt, Doubt)
    assert doubt.path == path
    assert doubt.why


@pytest.mark.parametrize(
    "desired",
    [
        config_map(),
        config_map(metadata={"name": "x"}),
        config_map(metadata={"name": "x", "namespace": "n", "creationTimestamp": None}),
        config_map(status={}),
        config_map(binaryData=[]),
    ],
)
def test_no_doubt(desired: Any) -> None:
    assert needs_apply(desired, LIVE, MANAGER) is None


def test_a_doubt_holds_no_values() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"p": "aHVudGVyMg=="}}
    live = recorded({**secret, "data": {"p": "b3RoZXI="}}, {"f:data": {"f:p": {}}})
    doubt = needs_apply(secret, live, MANAGER)
    assert doubt == Doubt("data.p", "the live value differs")


@pytest.mark.parametrize(
    ("desired", "live", "why"),
    [
        ({"cpu": "1000m"}, {"cpu": "1"}, "custom resources are kept word by word"),
        ({"a": ""}, {}, "an empty text is not left out of a custom resource"),
        ({"a": {}}, {}, "nor is an empty mapping"),
        ({"a": None}, {"a": ""}, "and null stays null"),
        ({"a": 1}, {"a": True}, "1 is not true"),
        ({"a": False}, {"a": 0}, "and false is not 0"),
        ({"a": "1"}, {"a": 1}, "a text is no number"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "order counts"),
        ({"a": [1]}, {"a": [1, 2]}, "length counts"),
        ({"a": [1]}, {"a": {"0": 1}}, "shape counts"),
        ({"a": 1}, {"a": 1, "b": 2}, "someone added a field to what is owned whole"),
    ],
)
def test_owned_whole_in_a_custom_resource(desired: Any, live: Any, why: str) -> None:
    assert needs_apply(*widget(desired, live=live), MANAGER) is not None, why


@pytest.mark.parametrize(
    ("desired", "live"),
    [({"a": None}, {}), ({"a": None}, {"a": None}), ({"a": 1.0}, {"a": 1}), ({}, {"a": None}), ({"a": [{}]}, {"a": [{}]})],
)
def test_the_same_in_a_custom_resource(desired: Any, live: Any) -> None:
    assert needs_apply(*widget(desired, live=live), MANAGER) is None


def ports(*keys: tuple[int, str]) -> dict[str, Any]:
    return {"f:ports": {f'k:{{"port":{port},"protocol":"{protocol}"}}': {".": {}, "f:port": {}} for port, protocol in keys}}


def service(*given: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"ports": list(given)}}


TCP, UDP = {"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}


@pytest.mark.parametrize(
    ("given_ports", "live_ports", "keys", "path"),
    [
        ([{"port": 53}], [TCP], [(53, "TCP")], None),
        ([{"port": 53}], [UDP, TCP], [(53, "TCP")], None),
        ([{"port": 53}], [UDP], [(53, "UDP")], "spec.ports[0]"),
        ([{"port": 53}], [UDP], [(53, "TCP")], "spec.ports[0]"),
        ([{"port": 53}, {"port": 53}], [TCP], [(53, "TCP")], "spec.ports[1]"),
        ([{"port": 53}], [TCP, {"port": 80, "protocol": "TCP"}], [(53, "TCP"), (80, "TCP")], "spec.ports"),
        ([{"port": 80}, {"port": 53}], [TCP, {"port": 80, "protocol": "TCP"}], [(53, "TCP"), (80, "TCP")], "spec.ports"),
        ([{"port": 53}, {"port": 80}], [TCP, {"port": 80, "protocol": "TCP"}], [(53, "TCP"), (80, "TCP")], None),
        (["x"], [TCP], [(53, "TCP")], "spec.ports[0]"),
        ([{"port": True}], [{"port": 1, "protocol": "TCP"}], [(1, "TCP")], "spec.ports[0]"),
        ([], [TCP], [(53, "TCP")], "spec.ports"),
    ],
)
def test_lists_by_key(given_ports: Any, live_ports: Any, keys: Any, path: str | None) -> None:
    doubt = needs_apply(service(*given_ports), recorded(service(*live_ports), {"f:spec": ports(*keys)}), MANAGER)
    assert (doubt.path if doubt else None) == path


@pytest.mark.parametrize(
    ("given_items", "live_items", "values", "path"),
    [
        (["a", "b"], ["a", "b"], ["a", "b"], None),
        (["a", "b"], ["a", "theirs", "b"], ["a", "b"], None),
        (["b", "a"], ["a", "b"], ["a", "b"], "metadata.finalizers"),
        (["a"], ["a", "b"], ["a", "b"], "metadata.finalizers"),
        (["a", "c"], ["a", "c"], ["a", "b"], "metadata.finalizers[1]"),
        (["a", "b"], ["a"], ["a", "b"], "metadata.finalizers[1]"),
        (["a", "a"], ["a", "b"], ["a", "b"], "metadata.finalizers"),
        ([True], [1], [1], "metadata.finalizers[0]"),
    ],
)
def test_sets(given_items: Any, live_items: Any, values: Any, path: str | None) -> None:
    desired = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "finalizers": given_items}}
    live = {**desired, "metadata": {"name": "x", "finalizers": live_items}}
    fields = {"f:metadata": {"f:finalizers": {f"v:{json.dumps(value)}": {} for value in values}}}
    doubt = needs_apply(desired, recorded(live, fields), MANAGER)
    assert (doubt.path if doubt else None) == path


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"f:spec": {"f:a": {'k:{"n":1}': {}}}}, "spec.a"),
        ({"f:spec": {'v:"x"': {}}}, "spec"),
        ({"f:spec": {"f:a": {"f:b": {}}}}, "spec.a"),
    ],
)
def test_a_record_of_another_shape(fields: Any, path: str) -> None:
    desired, _live = widget({"a": 1})
    doubt = needs_apply(desired, recorded(desired, fields), MANAGER)
    assert doubt is not None
    assert doubt.path == path
