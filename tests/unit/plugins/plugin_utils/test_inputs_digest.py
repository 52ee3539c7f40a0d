"""The digest of inputs: equal as long as nothing that is rendered can differ, new as soon as something may."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.inputs_digest import SEEN_THROUGH, digest, unseen

Json = dict[str, Any]
VARIABLES: Json = {
    "groups": {"all": ["node"]},
    "replicas": "{{ 2 + 1 }}",
    "nested": {"list": [1, "{{ x }}"]},
    "password": "{{ lookup('ansible.builtin.password', '/a') }}",
    "ansible_check_mode": False,
    "ansible_run_tags": ["all"],
    "hostvars": object(),
}
HOSTS: Json = {"node": {"node_zone": "a", "role_uuid": "1"}}


@pytest.fixture
def role(tmp_path: Path) -> Path:
    for name in ("templates/objects/a.yaml.j2", "defaults/main.yml", "files/b.json"):
        path = tmp_path / "role" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: {{ lookup('ansible.builtin.file', 'b.json') }}")
    return tmp_path / "role"


def made(role: Path, variables: Json = VARIABLES, hosts: Json = HOSTS) -> str:
    return digest(variables, hosts.__getitem__, [role])


def changed(change: Callable[[Json], object]) -> Json:
    found = {key: copy.deepcopy(value) for key, value in VARIABLES.items() if key != "hostvars"}
    change(found)
    return found


@pytest.mark.parametrize("change", [
    lambda v: v.update(ansible_check_mode=True, ansible_run_tags=["x"], ansible_skip_tags=["y"]),
    lambda v: v.update(role_uuid="2", ansible_play_name="other", role_names=["x"]),
    lambda v: v.update(__capacity_digest="x", __simulated_cluster={"changed": True, "failed": False, "pids": {}}),
])  # fmt: skip
def test_what_no_template_reads_changes_nothing(role: Path, change: Callable[[Json], object]) -> None:
    assert made(role, changed(change)) == made(role)


@pytest.mark.parametrize("change", [
    lambda v: v.update(replicas=4),
    lambda v: v["nested"]["list"].append(2),
    lambda v: v.update(another=None),
    lambda v: v.pop("password"),
    lambda v: v.update(answer={"changed": True, "failed": False, "json": {"replicas": 3}}),
])  # fmt: skip
def test_each_variable_counts(role: Path, change: Callable[[Json], object]) -> None:
    assert made(role, changed(change)) != made(role)


def test_other_hosts_and_the_environment_count(role: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made(role)
    assert made(role, hosts={"node": {"node_zone": "b"}}) != before
    assert made(role, hosts={"node": {"node_zone": "a", "role_uuid": "2"}}) == before
    monkeypatch.setenv("SOME_SETTING", "x")
    assert made(role) != before


@pytest.mark.parametrize("name", ["templates/objects/a.yaml.j2", "defaults/main.yml", "files/b.json", "vars/new.yml"])
def test_each_file_of_a_role_counts(role: Path, name: str) -> None:
    before = made(role)
    (role / name).parent.mkdir(exist_ok=True)
    (role / name).write_text("other")
    assert made(role) != before


@pytest.mark.parametrize("text", [
    "{{ lookup('ansible.builtin.file', '/etc/sizes') }}",
    "{{ query('community.general.etcd3', 'x') }}",
    "{{ q(name_of_a_lookup, 'x') }}",
    "{{ now().year }}",
    "{{ [1, 2] | random }}",
    "{{ ansible_date_time.epoch }}",
])  # fmt: skip
def test_what_cannot_be_seen_through_is_rendered_anew_each_time(role: Path, text: str) -> None:
    variables = changed(lambda v: v.update(sizes=text))
    assert made(role, variables) != made(role, variables)


def test_a_lookup_in_a_role_that_reads_from_elsewhere_does_the_same(role: Path) -> None:
    (role / "templates" / "objects" / "a.yaml.j2").write_text("a: {{ lookup('ansible.builtin.pipe', 'date') }}")
    assert made(role) != made(role)


def test_lookups_whose_result_shows_elsewhere_are_seen_through() -> None:
    allowed = {"env", "template"}
    assert not unseen("{{ lookup('ansible.builtin.env', 'HOME') }} {{ query(\"template\", 'a') }}", allowed)
    assert unseen("{{ lookup( 'file', 'a') }}", allowed)
    assert not unseen("a lookup (of sorts), a query", allowed)
    # It shows the environment alone, and the simulated inventory's digest must not be a new one each time.
    assert not unseen("{{ lookup('autotrade.deployment.store_path') }}", SEEN_THROUGH)
