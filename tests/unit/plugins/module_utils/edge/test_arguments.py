"""Options that modules share."""

from __future__ import annotations

import json
from collections import UserDict
from datetime import datetime, timezone

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import sealed_connection


def test_a_kubeconfig_given_as_a_mapping_is_sealed() -> None:
    given = {"users": [UserDict({"token": "t"})], "expiry": datetime(2026, 11, 24, tzinfo=timezone.utc)}
    sealed = sealed_connection({"kubeconfig": given, "context": "c"})
    assert sealed.keys() == {"kubeconfig_content", "context"}
    assert json.loads(sealed["kubeconfig_content"]) == {"users": [{"token": "t"}], "expiry": "2026-11-24 00:00:00+00:00"}


@pytest.mark.parametrize("text", ["apiVersion: v1\nkind: Config\n", ' {"kind": "Config"}'])
def test_text_where_a_path_is_due_is_sealed(text: str) -> None:
    assert sealed_connection({"kubeconfig": text}) == {"kubeconfig_content": text}


@pytest.mark.parametrize("args", [{"kubeconfig": "~/.kube/config"}, {"kubeconfig": None}, {}, {"kubeconfig_content": "x"}])
def test_a_path_stays(args: dict[str, str]) -> None:
    assert sealed_connection(args) == args
