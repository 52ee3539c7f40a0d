"""An API server that throttles, is slow, goes, comes back, or lets nobody in: the run goes on, or tells how far it came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import kube_transport
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import UnreachableError

from tests.integration.applying import Applier, answer, start_module
from tests.integration.booted import Cluster, Json, boot, module
from tests.integration.cut_runs import COUNT, impatient, many, sorted_out, there
from tests.support.front import Front, Said, front, status

GONE = Said(None)


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Front]:
    with front(cluster.result["ports"]["api_server"], cluster.context) as made:
        yield made


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path, server: Front) -> Applier:
    return Applier(cluster, namespace, tmp_path, {"host": server.url})


# Throttling.


def test_a_server_that_throttles_now_and_then_is_waited_for(apply: Applier, server: Front, cluster: Cluster) -> None:
    seen: list[int] = []

    def before(number: int) -> Said | None:
        if number % 5:
            return None
        seen.append(number)
        return status(429, "TooManyRequests", "slow down", Retry_After="0")

    server.before = before
    run = apply(*many())
    assert run.report.problems == ()
    assert len(seen) >= COUNT // 5
    assert there(cluster, apply.namespace) == {f"c-{number:02}" for number in range(COUNT)}


def test_a_server_that_throttles_for_longer_than_we_wait_is_told_once_and_exactly(
    apply: Applier, server: Front, cluster: Cluster
) -> None:
    # Who obeyed it would never end.
    server.before = lambda number: status(429, "TooManyRequests", "slow down", Retry_After="360000") if number > 10 else None
    run = apply(*many(), api=impatient(apply))
    written, refused, unsent = sorted_out(run)
    assert written == there(cluster, apply.namespace)
    assert len(written) == 10
    assert len(written) + len(refused) + len(unsent) == COUNT
    for words in ("ConfigMap", "(file-", "slow down", "run again", "Written before that"):
        assert words in run.report.message


# Outages.


def test_a_server_that_goes_in_the_middle_leaves_an_exact_account(apply: Applier, server: Front, cluster: Cluster) -> None:
    server.before = lambda number: GONE if number > 15 else None
    run = apply(*many(), api=impatient(apply))
    written, unsure, unsent = sorted_out(run)
    assert written == there(cluster, apply.namespace)
    assert len(written) == 15
    assert unsure
    assert written | unsure | unsent == {f"c-{number:02}" for number in range(COUNT)}
    for words in ("it may or may not be written", "check host", "Written before that", "Not written", "and 5 more"):
        assert words in run.report.message
    server.before = lambda _number: None
    assert apply(*many()).report.problems == ()
    assert apply(*many()).writes == 0


def test_answers_that_are_lost_are_no_lost_writes(apply: Applier, server: Front, cluster: Cluster) -> None:
    server.lost = frozenset(range(1, 200, 3))
    run = apply(*many())
    assert run.report.problems == ()
    assert {o.item.ref.name for o in run.report.outcomes if o.changed} == there(cluster, apply.namespace)
    server.lost = frozenset()
    gone = apply(*many(), state="absent")
    assert gone.report.problems == ()
    assert there(cluster, apply.namespace) == set()


def test_a_server_that_goes_while_deleting_says_what_is_left(apply: Applier, server: Front, cluster: Cluster) -> None:
    apply(*many())
    server.writes = 0
    server.before = lambda number: GONE if number > 10 else None
    run = apply(*many(), state="absent", api=impatient(apply))
    deleted, unsure, unsent = sorted_out(run)
    assert len(deleted) == 10
    assert there(cluster, apply.namespace) == unsure | unsent
    for words in ("Deleted before that", "Not deleted", "may or may not be deleted"):
        assert words in run.report.message


def test_a_server_that_goes_between_two_waves_is_told_with_what_was_written(
    apply: Applier, server: Front, cluster: Cluster, namespace: str
) -> None:
    account: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
    late: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"}}
    late["spec"] = {"serviceAccountName": "runner", "containers": [{"name": "app", "image": "registry.example/app:1"}]}
    server.ahead = lambda method, _path: GONE if server.writes and method == "GET" else None
    run = apply(account, late, api=impatient(apply))
    assert [o.item.ref.kind for o in run.report.outcomes] == ["ServiceAccount"]
    for words in (
        f"v1 Pod {namespace}/late (file-2.yaml)",
        "was not reached",
        f"Written before that: v1 ServiceAccount {namespace}",
    ):
        assert words in run.report.message
    assert cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods/late").status == 404


def test_a_slow_server_is_waited_for(apply: Applier, server: Front) -> None:
    def slowly(_method: str, _path: str) -> None:
        time.sleep(0.3)

    server.ahead = slowly
    assert apply(*many()[:3]).report.problems == ()


def test_a_server_that_never_answers_is_told_before_the_first_write(
    apply: Applier, server: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_transport, "READ_TIMEOUT_S", 0.3)
    silent = threading.Event()
    server.ahead = lambda _method, _path: silent.wait(10) and None
    try:
        with pytest.raises(UnreachableError, match=r"did not answer for .*timed out.*check host"):
            apply(*many()[:1], api=impatient(apply))
    finally:
        silent.set()


def test_a_page_in_place_of_an_api_server_is_told(cluster: Cluster, server: Front, namespace: str) -> None:
    server.ahead = lambda _method, _path: Said(200, {"Content-Type": "text/html"}, b"<html>Please log in, Swordfish7788</html>")
    found = run_module(cluster, server, namespace)
    assert found["msg"].endswith("check host and proxy. Nothing was changed.")
    assert "Swordfish7788" not in found["msg"]


def run_module(cluster: Cluster, server: Front, namespace: str, **options: Any) -> Json:
    """The whole module in a process of its own."""
    definition = '[["file-1.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]]'
    found = answer(
        start_module(
            "cluster_objects", cluster, **{"host": server.url, "namespace": namespace, "definition": definition, **options}
        )
    )
    assert found["failed"]
    assert "Traceback" not in str(found)
    return found


@pytest.mark.slow
def test_a_run_goes_on_when_the_server_comes_back(state_directory: Path, tmp_path: Path) -> None:
    cluster = boot(state_directory, "restarts")
    try:
        with cluster.namespace("restart") as namespace, front(cluster.result["ports"]["api_server"], cluster.context) as server:
            apply = Applier(cluster, namespace, tmp_path, {"host": server.url})
            restarted = threading.Event()

            def before(number: int) -> None:
                if number == 15:
                    module(state_directory, "restarts", state="stopped")
                    threading.Thread(target=back, daemon=True).start()

            def back() -> None:
                module(state_directory, "restarts", state="started")
                restarted.set()

            server.before = before
            run = apply(*many(), api=impatient(apply, 300))
            assert restarted.wait(300)
            assert run.report.problems == ()
            assert there(cluster, namespace) == {f"c-{number:02}" for number in range(COUNT)}
    finally:
        module(state_directory, "restarts", state="absent")
