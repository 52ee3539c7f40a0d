"""A run with an ApplySet that is cut after any write: the next one ends where it would have ended, and nothing is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi

from tests.integration.applying import Applier, config_map, deployment, secret
from tests.integration.booted import Cluster, Json
from tests.integration.sets import a_set, names, record


class Cut(BaseException):
    """The process is gone; nothing may catch this as an error of its own."""


class Mortal(HttpKubeApi):
    """Dies before its write number ``lives``, and writes nothing afterwards."""

    lives = 0
    lock = threading.Lock()

    def apply(self, *arguments: Any, **options: Any) -> Any:
        self._live(**options)
        return super().apply(*arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> None:
        self._live(**options)
        super().delete(*arguments, **options)

    def _live(self, *, dry_run: bool = False, **_options: Any) -> None:
        with self.lock:
            if not dry_run:
                self.lives -= 1
            if self.lives < 0:
                raise Cut


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def cut(apply: Applier, wanted: Sequence[Json], lives: int) -> bool:
    """Whether the run was cut."""
    api = Mortal(apply.connect()._transport)
    api.lives = lives
    try:
        run = apply(*wanted, applyset=a_set(apply.namespace), api=api)
    except Cut:
        return True
    assert run.report.problems == ()
    return False


ACCOUNT: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "goes"}}
OLD = (config_map("stays", a="1"), ACCOUNT, deployment("goes"))
NEW = (config_map("stays", a="2"), secret("comes", password="long-enough"), deployment("comes"))


def everything(cluster: Cluster, namespace: str) -> set[str]:
    return {
        f"{plural}/{name}" for plural in ("configmaps", "secrets", "deployments") for name in names(cluster, namespace, plural)
    }


@pytest.mark.parametrize("lives", range(7))
def test_the_next_run_completes_a_cut_one(apply: Applier, cluster: Cluster, namespace: str, lives: int) -> None:
    apply(*OLD, applyset=a_set(namespace))
    # Parent, three objects, two deletions, parent.
    assert cut(apply, NEW, lives)
    assert not cut(apply, NEW, 100)
    assert everything(cluster, namespace) == {
        "configmaps/stays",
        "configmaps/set",
        "secrets/comes",
        "deployments/comes",
    }
    assert record(cluster, namespace) == ("ConfigMap,Deployment.apps,Secret", "")
    assert apply(*NEW, applyset=a_set(namespace)).writes == 0


def test_seven_writes_are_the_whole_run(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(*OLD, applyset=a_set(namespace))
    assert not cut(apply, NEW, 7)


@pytest.mark.parametrize("lives", range(8))
def test_what_a_cut_run_created_is_known_to_a_run_that_never_heard_of_it(
    apply: Applier, cluster: Cluster, namespace: str, lives: int
) -> None:
    apply(config_map("stays", a="1"), applyset=a_set(namespace))
    cut(apply, NEW, lives)
    run = apply(config_map("stays", a="1"), applyset=a_set(namespace))
    assert run.report.problems == ()
    assert everything(cluster, namespace) == {"configmaps/stays", "configmaps/set"}
    assert record(cluster, namespace) == ("ConfigMap", "")


@pytest.mark.parametrize("lives", range(5))
def test_a_cut_first_run_forgets_nothing(apply: Applier, cluster: Cluster, namespace: str, lives: int) -> None:
    cut(apply, NEW, lives)
    run = apply(config_map("stays", a="1"), applyset=a_set(namespace))
    assert run.report.problems == ()
    assert everything(cluster, namespace) == {"configmaps/stays", "configmaps/set"}
