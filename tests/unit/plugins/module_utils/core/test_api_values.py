# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which differences between a manifest and the server's answer mean nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_values import MISSING, Comparison
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import parse_path

BUILT_IN, CUSTOM, SECRET = Comparison(built_in=True), Comparison(built_in=False), Comparison(built_in=True, secret=True)


@pytest.mark.parametrize(
    ("path", "desired", "live"),
    [
        ("spec.hard.cpu", "80000m", "80"),
        ("resources.requests.cpu", 0.5, "500m"),
        ("resources.limits.memory", "1.5Gi", "1536Mi"),
        ("emptyDir.sizeLimit", "1024Mi", "1Gi"),
        ("target.averageValue", "1000", "1k"),
        ("target.value", "1000m", "1"),
        ("env.value", "", MISSING),
        ("replicas", 0, MISSING),
        ("suspend", False, None),
        ("labels", {}, MISSING),
        ("args", [], MISSING),
        ("data.a", None, ""),
        ("selector", {"matchLabels": {}}, {}),
        ("volumeClaimTemplates", [{"spec": {}}], [{"apiVersion": "v1", "spec": {"volumeMode": "Filesystem"}}]),
        ("ingress", [{"ports": [{"port": 1}]}], [{"ports": [{"port": 1, "protocol": "TCP"}]}]),
        ("a", {"b": None}, {}),
        ("a", {}, {"b": None}),
    ],
)
def test_same_for_built_in_kinds(path: str, desired: Any, live: Any) -> None:
    assert BUILT_IN.same(desired, live, parse_path(path))


@pytest.mark.parametrize(
    ("path", "desired", "live"),
    [
        ("spec.hard.cpu", "80", "81"),
        ("env.value", "1000m", "1"),
        ("hard", "1000m", "1"),
        ("metrics.value", "1000m", "1"),
        ("env.value", "x", MISSING),
        ("replicas", 1, MISSING),
        ("replicas", True, 1),
        ("replicas", 1, True),
        ("suspend", True, MISSING),
        ("env.value", None, "x"),
        ("podSelector", {"podSelector": {}}, {}),
        ("a", {}, {"protocol": "TCP"}),
        ("ingress", [{"ports": [{"port": 1}]}], [{"ports": [{"port": 1, "protocol": "UDP"}]}]),
        ("args", ["a"], ["a", "b"]),
        ("args", ["a"], "a"),
        ("data.a", "YQ\n==", "YQ=="),
    ],
)
def test_not_the_same(path: str, desired: Any, live: Any) -> None:
    assert not BUILT_IN.same(desired, live, parse_path(path))


def test_custom_resources_are_compared_word_by_word() -> None:
    assert not CUSTOM.same("1000m", "1", ("hard", "cpu"))
    assert not CUSTOM.same("", MISSING, ("a",))
    assert not CUSTOM.same({"labels": {}}, {}, ("a",))
    assert CUSTOM.same(None, MISSING, ("a",))


def test_base64_of_secrets_is_compared_without_line_breaks() -> None:
    assert SECRET.same("YW\nFh", "YWFh", ("data", "a"))
    assert not SECRET.same("YW\nFh", "YWFh", ("other", "a"))
    assert not SECRET.same("YWFh", "YWFi", ("data", "a"))
