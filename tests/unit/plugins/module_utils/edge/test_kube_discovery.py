"""Which kinds a server has: asked as little as possible, and never answered from what another server said."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery import IDENTITY, Discovery
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery_cache import TTL_S
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ServerChangedError

from tests.support.clock import Clock
from tests.unit.plugins.module_utils.edge.discovery_world import POD, WIDGET, Server, discovery

COLD = ["/api", "/apis", IDENTITY]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


def read(server: Server, found: Discovery) -> None:
    """A LIST as KubeApi sends it."""
    server.json("GET", "/api/v1")
    server.asked.remove("/api/v1")
    found.confirm()


def warm(server: Server, folder: Path, clock: Clock) -> Discovery:
    """A later run that has found a kind and got an answer."""
    later = discovery(server, folder, clock)
    assert later.find("v1", "Pod") == POD
    read(server, later)
    return later


def cold(server: Server, folder: Path, clock: Clock) -> None:
    discovery(server, folder, clock).find("v1", "Pod")
    assert server.taken() == COLD


def test_a_later_run_asks_nothing(folder: Path, clock: Clock) -> None:
    server = Server()
    cold(server, folder, clock)
    later = warm(server, folder, clock)
    assert later.find_group_kind("", "Pod") == POD
    assert server.taken() == []


def test_a_cluster_created_anew_is_not_served_from_its_predecessor(folder: Path, clock: Clock) -> None:
    old, new = Server("old"), Server("new")
    old.custom = {"example.com": [WIDGET]}
    cold(old, folder, clock)
    run = discovery(new, folder, clock)
    # What was kept is believed until the first answer, which ends the run before anything is done with it.
    assert run.find("example.com/v1", "Widget") == WIDGET
    with pytest.raises(ServerChangedError, match=r"another API server.*run again"):
        read(new, run)
    again = discovery(new, folder, clock)
    assert again.find("example.com/v1", "Widget") is None
    read(new, again)
    assert new.taken() == [IDENTITY, *COLD]


def test_an_answer_that_carries_something_new_is_followed_by_one_question(folder: Path, clock: Clock) -> None:
    server = Server()
    cold(server, folder, clock)
    server.carries = "flow-of-another-user"
    warm(server, folder, clock)
    assert server.taken() == [IDENTITY]
    warm(server, folder, clock)
    server.carries = "flow-one"
    warm(server, folder, clock)
    assert server.taken() == []


def test_where_answers_carry_nothing_the_server_is_asked_who_it_is(folder: Path, clock: Clock) -> None:
    old, new = Server("old"), Server("new")
    old.carries = new.carries = ""
    cold(old, folder, clock)
    warm(old, folder, clock)
    assert old.taken() == [IDENTITY]
    with pytest.raises(ServerChangedError):
        warm(new, folder, clock)


def test_who_may_not_see_the_namespace_knows_the_server_by_its_answers(folder: Path, clock: Clock) -> None:
    server, new = Server("old"), Server("new")
    server.uid = new.uid = None
    cold(server, folder, clock)
    warm(server, folder, clock)
    assert server.taken() == []
    with pytest.raises(ServerChangedError):
        warm(new, folder, clock)


def test_a_server_that_nothing_tells_apart_is_not_kept(folder: Path, clock: Clock) -> None:
    server = Server()
    server.uid, server.carries = None, ""
    cold(server, folder, clock)
    cold(server, folder, clock)
    assert not folder.exists()


def test_a_server_that_claims_to_be_another_does_not_write_into_its_file(folder: Path, clock: Clock) -> None:
    rogue, real = Server(host="https://rogue:6443"), Server()
    rogue.custom = {"example.com": [WIDGET]}
    cold(rogue, folder, clock)
    assert discovery(real, folder, clock).find("example.com/v1", "Widget") is None


def test_a_miss_asks_about_its_group_only_and_once(folder: Path, clock: Clock) -> None:
    server = Server()
    cold(server, folder, clock)
    server.custom = {"example.com": [WIDGET]}
    later = discovery(server, folder, clock)
    assert later.find("example.com/v1", "Widget") == WIDGET
    assert later.find("other.example.com/v1", "Widget") is None
    assert later.find("other.example.com/v1", "Gadget") is None
    assert server.taken() == ["/apis/example.com/v1", "/apis/other.example.com/v1"]
    assert discovery(server, folder, clock).find("example.com/v1", "Widget") == WIDGET
    assert server.taken() == []


def test_a_miss_at_another_server_is_no_miss_yet(folder: Path, clock: Clock) -> None:
    cold(Server("old"), folder, clock)
    with pytest.raises(ServerChangedError):
        discovery(Server("new"), folder, clock).find("example.com/v1", "Widget")


def test_a_kind_whose_version_is_not_known_asks_for_the_versions_of_its_group(folder: Path, clock: Clock) -> None:
    server = Server()
    cold(server, folder, clock)
    beta = ResourceType("example.com", "v1beta1", "Widget", "widgets", True)
    server.custom = {"example.com": [beta, WIDGET]}
    later = discovery(server, folder, clock)
    assert later.find_group_kind("example.com", "Widget") == WIDGET
    assert later.find_group_kind("other.example.com", "Widget") is None
    asked = ["/apis/example.com", "/apis/example.com/v1beta1", "/apis/example.com/v1", "/apis/other.example.com"]
    assert server.taken() == asked


def test_a_kind_whose_path_is_gone_is_asked_anew(folder: Path, clock: Clock) -> None:
    server = Server()
    server.custom = {"example.com": [WIDGET]}
    cold(server, folder, clock)
    server.custom = {}
    later = discovery(server, folder, clock)
    assert later.find("example.com/v1", "Widget") == WIDGET
    assert later.recheck(WIDGET) is None
    assert later.find("example.com/v1", "Widget") is None
    assert discovery(server, folder, clock).find("v1", "Pod") == POD


def test_what_is_learned_is_kept_and_makes_nothing_younger(folder: Path, clock: Clock) -> None:
    server = Server()
    cold(server, folder, clock)
    clock.time += TTL_S - 1
    warm(server, folder, clock).learn([WIDGET])
    assert discovery(server, folder, clock).find("example.com/v1", "Widget") == WIDGET
    clock.time += 2
    cold(server, folder, clock)


@pytest.mark.parametrize("seconds", [TTL_S + 1, -1])
def test_what_is_too_old_or_from_the_future_is_not_used(folder: Path, clock: Clock, seconds: float) -> None:
    server = Server()
    cold(server, folder, clock)
    clock.time += seconds
    cold(server, folder, clock)


def test_a_suggestion_knows_everything_that_is_served(folder: Path, clock: Clock) -> None:
    server = Server()
    cold(server, folder, clock)
    server.custom = {"example.com": [WIDGET]}
    assert "Widget" in discovery(server, folder, clock).suggest("Widgets")
