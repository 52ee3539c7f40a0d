# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that is cut in the middle says what was written and what was not; what passes is waited for."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Report
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestSetError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, UnreachableError

from tests.support.clock import Clock
from tests.unit.plugins.module_utils.edge.apply_world import MANAGER, World, applied, config_maps

COUNT = 100


def failing_from(number: int, error: Exception, *, dry: bool = False) -> World:
    def hook(_name: str, written: int, dry_run: bool) -> None:
        if dry_run is dry and written >= number:
            raise error

    return World(hook)


def names(report: Report) -> tuple[set[str], set[str], set[str]]:
    """What was written, what was sent without an answer or refused, and what was not sent, as the report says."""
    written = {outcome.item.ref.name for outcome in report.outcomes if outcome.changed}
    return written, {problem.ref.name for problem in report.problems}, {ref.name for ref in report.unwritten}


UNREACHABLE = UnreachableError("https://api.example.com", "connection refused", 60)
EXPIRED = ApiError(401, "Unauthorized", "Unauthorized")


@pytest.mark.parametrize("error", [UNREACHABLE, EXPIRED], ids=["unreachable", "expired"])
def test_an_end_in_the_middle_tells_exactly_what_was_written(error: Exception) -> None:
    world = failing_from(31, error)
    report = applied(world, config_maps(COUNT))
    written, unsure, unsent = names(report)
    assert written == set(world.objects)
    assert len(written) == 30
    assert unsure
    assert written | unsure | unsent == {f"m{n:03}" for n in range(COUNT)}
    assert len(written) + len(unsure) + len(unsent) == COUNT
    # Only what was on its way already when the first one failed was still sent.
    assert world.counted["real"] < 30 + 20
    for words in ("Written before that: v1 ConfigMap demo/m0", "and 20 more", "Not written: v1 ConfigMap demo/m0"):
        assert words in report.message


def test_what_was_sent_and_not_answered_is_called_so() -> None:
    report = applied(failing_from(1, UNREACHABLE), config_maps(3))
    assert "it may or may not be written" in report.message
    assert "did not answer for 60 s" in report.message


def test_expired_credentials_name_what_to_renew() -> None:
    assert "renew api_key, client_cert or the kubeconfig" in applied(failing_from(1, EXPIRED), config_maps(3)).message


def test_expired_credentials_in_the_plan_are_told_once_and_nothing_is_written() -> None:
    world = failing_from(0, EXPIRED, dry=True)
    report = applied(world, config_maps(COUNT))
    assert len(report.problems) < 20
    assert "nothing was written" in report.message
    assert world.objects == {}


def test_a_server_that_goes_in_the_plan_ends_the_run() -> None:
    world = failing_from(0, UNREACHABLE, dry=True)
    with pytest.raises(UnreachableError):
        applied(world, config_maps(COUNT))
    assert world.objects == {}


CONFLICT = ApiError(409, "Conflict", "the object has been modified; please apply your changes to the latest version")


@pytest.mark.parametrize(("times", "written"), [(3, True), (1000, False)])
def test_an_object_that_was_changed_meanwhile_is_judged_again_until_a_deadline(times: int, written: bool) -> None:
    left = [times]

    def hook(_name: str, _written: int, dry_run: bool) -> None:
        if not dry_run and left[0]:
            left[0] -= 1
            raise CONFLICT

    world, clock = World(hook), Clock()
    report = applied(world, config_maps(1), clock=clock)
    assert bool(world.objects) is written
    assert bool(report.problems) is not written
    assert clock.time < 45
    assert world.counted["dry"] == world.counted["real"]


def test_a_write_whose_answer_was_lost_is_told_as_done() -> None:
    """The transport sends it again, and the version that it names is no longer the object's."""
    lost: list[str] = []

    def hook(name: str, written: int, dry_run: bool) -> None:
        if not dry_run and not lost:
            lost.append(name)
            world.objects[name] = world.stored({**world.objects[name], "data": {"a": "2"}}, MANAGER, f"9{written}")
            raise CONFLICT

    world = World(lambda _name, _number, _dry: None)
    applied(world, config_maps(1))
    world.hook = hook
    report = applied(world, config_maps(1, "2"))
    assert (lost, report.changed) == (["m000"], True)
    assert report.outcomes[0].change.after["data"] == {"a": "2"}


def test_a_refusal_at_the_write_stops_after_its_wave() -> None:
    def hook(name: str, _written: int, dry_run: bool) -> None:
        if not dry_run and name == "m001":
            raise ApiError(403, "Forbidden", "exceeded quota: q")

    world = World(hook)
    report = applied(world, config_maps(3))
    assert names(report) == ({"m000", "m002"}, {"m001"}, set())
    assert "Raise the ResourceQuota q" in report.message


def test_a_thousand_refusals_are_counted_and_not_all_printed() -> None:
    def hook(name: str, _written: int, _dry: bool) -> None:
        raise ApiError(422, "Invalid", f"{name} is invalid")

    report = applied(World(hook), config_maps(300))
    assert len(report.problems) == 300
    assert report.message.count("\n") < 120
    assert "and 200 more" in report.message


def test_an_unchanged_set_asks_nothing() -> None:
    world = World()
    applied(world, config_maps(5))
    world.counted.clear()
    report = applied(world, config_maps(5))
    assert (world.counted, report.changed) == ({}, False)


def test_check_mode_claims_no_write() -> None:
    def refuse(name: str, _written: int, _dry_run: bool) -> None:
        if name == "m001":
            raise ApiError(422, "Invalid", "data: Invalid value")

    report = applied(World(refuse), config_maps(3), check=True)
    assert report.problems
    assert {outcome.item.ref.name for outcome in report.outcomes if outcome.changed} == {"m000", "m002"}
    assert "would refuse" in report.message
    assert "ritten" not in report.message


def test_an_object_with_and_without_the_default_namespace_is_one_and_refused() -> None:
    world = World()
    [short] = config_maps(1)
    spelled = {**short, "metadata": {**short["metadata"], "namespace": "demo"}, "data": {"a": "2"}}
    with pytest.raises(ManifestSetError, match=r"file-2\.yaml.*the same object as in file-1\.yaml"):
        applied(world, [short, spelled])
    assert world.objects == {}
