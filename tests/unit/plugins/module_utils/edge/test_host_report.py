"""Findings are told at once, each with what was found, what is expected, by which rule, and how to go on all the same."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, WARNING, Finding
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_report import report

SMALL = Finding("cpus-too-few", ERROR, "2 processors", "at least 4", "Give it more.")
SPLIT = Finding("disk-not-whole", ERROR, "a partition", "a whole disk", "Name the disk.", source="lvm2:man/pvcreate.8")
SWAP = Finding("swap-on", WARNING, "/dev/sda2", "no swap", "Switch it off.")


def test_every_error_that_stands_has_a_sentence_with_its_rule_and_its_waiver() -> None:
    ending = report([SMALL, SPLIT, SWAP], [], "node_preflight_waived", {})
    assert ending.failed
    assert ending.result["msg"].splitlines() == [
        "cpus-too-few: found 2 processors; expected at least 4. Give it more."
        " To go on all the same: node_preflight_waived: [cpus-too-few]",
        "disk-not-whole: found a partition; expected a whole disk (lvm2:man/pvcreate.8). Name the disk."
        " To go on all the same: node_preflight_waived: [disk-not-whole]",
    ]


def test_what_is_waived_or_a_warning_is_told_and_stops_nothing() -> None:
    ending = report([SMALL, SWAP], ["cpus-too-few"], "node_preflight_waived", {"measured": 2})
    assert not ending.failed
    assert "msg" not in ending.result
    assert ending.result["measured"] == 2
    assert [finding["id"] for finding in ending.result["findings"]] == ["cpus-too-few", "swap-on"]


def test_where_nothing_can_be_waived_no_waiver_is_named() -> None:
    assert report([SMALL], [], "", {}).result["msg"] == "cpus-too-few: found 2 processors; expected at least 4. Give it more."
