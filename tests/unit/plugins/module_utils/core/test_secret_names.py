"""What is a secret by its name."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import diff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import LAST_APPLIED, is_secret, secret_fields


@pytest.mark.parametrize(
    ("kind", "expected"), [("Secret", True), ("secret", True), ("Secrets", True), ("SecretStore", False), (5, False)]
)
def test_a_slip_in_the_kind_makes_no_secret_public(kind: object, expected: bool) -> None:
    assert is_secret({"kind": kind}) is expected


def test_names_of_keys_and_of_entries_tell() -> None:
    obj = {
        "kind": "Pod",
        "metadata": {"name": "db-password", "annotations": {LAST_APPLIED: "all"}},
        "spec": {
            "env": [
                {"name": "DB_PASSWORD", "value": "one"},
                {"name": "API_TOKEN", "value": {"a": ["two"]}},
                {"name": "MODE", "value": "plain"},
                {"name": "JWT_SECRET", "valueFrom": {"secretKeyRef": {"name": "x", "key": "password"}}},
            ],
            "clientSecret": "three",
            "secretName": "plain",
            "automountServiceAccountToken": False,
            "volume": {"secret": {"secretName": "plain"}},
        },
    }
    assert {text for _path, text in secret_fields(obj)} == {"all", "one", "two", "three"}
    shown = diff(None, obj).after
    assert shown["spec"]["env"][0] == {"name": "DB_PASSWORD", "value": "(hidden: added)"}
    assert shown["spec"]["env"][2]["value"] == shown["spec"]["secretName"] == "plain"
    assert shown["metadata"]["name"] == "db-password"
