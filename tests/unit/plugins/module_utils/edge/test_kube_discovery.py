"""Which kinds a server has: asked as little as possible, and never answered from what another server said."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery import WITNESS
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery_cache import TTL_S

from tests.unit.plugins.module_utils.edge.discovery_world import POD, WIDGET, Clock, Server, discovery


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_warm_run_asks_only_which_server_it_is(folder: Path, clock: Clock) -> None:
    server = Server()
    assert discovery(server, folder, clock).find("v1", "Pod") == POD
    assert server.taken() == [WITNESS, "/api", "/apis"]
    warm = discovery(server, folder, clock)
    assert warm.find("v1", "Pod") == warm.find_group_kind("", "Pod") == POD
    assert server.taken() == [WITNESS]


def test_a_cluster_created_anew_is_not_served_from_its_predecessor(folder: Path, clock: Clock) -> None:
    old, new = Server("old"), Server("new")
    old.custom = {"example.com": [WIDGET]}
    assert discovery(old, folder, clock).find("example.com/v1", "Widget") == WIDGET
    assert discovery(new, folder, clock).find("example.com/v1", "Widget") is None
    assert new.taken() == [WITNESS, "/api", "/apis"]


def test_a_server_that_claims_the_uid_of_another_does_not_write_into_its_cache(folder: Path, clock: Clock) -> None:
    rogue, real = Server(host="https://rogue:6443"), Server()
    rogue.custom = {"example.com": [WIDGET]}
    discovery(rogue, folder, clock).find("v1", "Pod")
    assert discovery(real, folder, clock).find("example.com/v1", "Widget") is None


def test_who_may_not_know_the_server_keeps_nothing(folder: Path, clock: Clock) -> None:
    server = Server()
    server.uid = None
    for _run in range(2):
        assert discovery(server, folder, clock).find("v1", "Pod") == POD
        assert server.taken() == [WITNESS, "/api", "/apis"]
    assert not folder.exists()


def test_a_miss_asks_about_its_group_only_and_once(folder: Path, clock: Clock) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    server.custom = {"example.com": [WIDGET]}
    server.taken()
    warm = discovery(server, folder, clock)
    assert warm.find("example.com/v1", "Widget") == WIDGET
    assert warm.find("other.example.com/v1", "Widget") is None
    assert warm.find("other.example.com/v1", "Gadget") is None
    assert server.taken() == [WITNESS, "/apis/example.com/v1", "/apis/other.example.com/v1"]
    assert discovery(server, folder, clock).find("example.com/v1", "Widget") == WIDGET
    assert server.taken() == [WITNESS]


def test_a_kind_whose_version_is_not_known_asks_for_the_versions_of_its_group(folder: Path, clock: Clock) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    beta = ResourceType("example.com", "v1beta1", "Widget", "widgets", True)
    server.custom = {"example.com": [beta, WIDGET]}
    server.taken()
    warm = discovery(server, folder, clock)
    assert warm.find_group_kind("example.com", "Widget") == WIDGET
    assert warm.find_group_kind("other.example.com", "Widget") is None
    assert server.taken() == [
        WITNESS,
        "/apis/example.com",
        "/apis/example.com/v1beta1",
        "/apis/example.com/v1",
        "/apis/other.example.com",
    ]


def test_a_kind_whose_path_is_gone_is_asked_anew(folder: Path, clock: Clock) -> None:
    server = Server()
    server.custom = {"example.com": [WIDGET]}
    discovery(server, folder, clock).find("v1", "Pod")
    server.custom = {}
    warm = discovery(server, folder, clock)
    assert warm.find("example.com/v1", "Widget") == WIDGET
    assert warm.recheck(WIDGET) is None
    assert warm.find("example.com/v1", "Widget") is None
    assert discovery(server, folder, clock).find("v1", "Pod") == POD


def test_what_is_learned_is_kept_and_makes_nothing_younger(folder: Path, clock: Clock) -> None:
    server = Server()
    first = discovery(server, folder, clock)
    first.find("v1", "Pod")
    clock.time += TTL_S - 1
    warm = discovery(server, folder, clock)
    warm.learn([WIDGET])
    assert discovery(server, folder, clock).find("example.com/v1", "Widget") == WIDGET
    server.taken()
    clock.time += 2
    discovery(server, folder, clock).find("v1", "Pod")
    assert server.taken() == [WITNESS, "/api", "/apis"]


@pytest.mark.parametrize("seconds", [TTL_S + 1, -1])
def test_a_cache_too_old_or_from_the_future_is_not_used(folder: Path, clock: Clock, seconds: float) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    server.taken()
    clock.time += seconds
    discovery(server, folder, clock).find("v1", "Pod")
    assert server.taken() == [WITNESS, "/api", "/apis"]


def test_a_suggestion_knows_everything_that_is_served(folder: Path, clock: Clock) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    server.custom = {"example.com": [WIDGET]}
    assert "Widget" in discovery(server, folder, clock).suggest("Widgets")
