"""What is still to be done on a host, and above all what is not."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_state import (
    File,
    FileFact,
    Observed,
    Plan,
    Unit,
    UnitFact,
    Wanted,
    plan,
    stamp,
    watched_paths,
)
from hypothesis import given
from hypothesis import strategies as st

CONFIG = File("/etc/tool.conf", "aa", 0o644, content=b"x")
UNIT_FILE = File("/etc/systemd/system/tool.service", "bb", 0o644, content=b"y")
UNIT = Unit("tool.service", enabled=True, running=True, watches=(CONFIG.path, UNIT_FILE.path))
WANTED = Wanted(
    files=(CONFIG, UNIT_FILE), absent=("/etc/old",), units=(UNIT,), sysctls={"a.b": "1"}, modules=("overlay",), packages=("curl",)
)


def fact(file: File) -> FileFact:
    """The file as it is when it is right."""
    return FileFact(file.sha256, file.mode, file.owner, file.group)


STAMP = stamp(UNIT, {CONFIG.path: "aa", UNIT_FILE.path: "bb"})
RIGHT = Observed(
    files={CONFIG.path: fact(CONFIG), UNIT_FILE.path: fact(UNIT_FILE), "/etc/old": None},
    units={"tool.service": UnitFact(active=True, enabled=True, stamp=STAMP)},
    sysctls={"a.b": "1"},
    modules=frozenset({"overlay"}),
    packages=frozenset({"curl"}),
)
FRESH = Observed(
    files={CONFIG.path: None, UNIT_FILE.path: None, "/etc/old": FileFact("cc", 0o644, "root", "root")},
    units={"tool.service": UnitFact(active=False, enabled=False)},
    sysctls={"a.b": "0"},
    modules=frozenset(),
)


def test_a_host_that_is_right_is_left_alone() -> None:
    assert plan(WANTED, RIGHT) == Plan()
    assert not plan(WANTED, RIGHT).lines()


def test_a_fresh_host_gets_everything_and_restarts_nothing() -> None:
    found = plan(WANTED, FRESH)
    assert found.install == ("curl",)
    assert found.load == ("overlay",)
    assert found.write == (CONFIG, UNIT_FILE)
    assert found.remove == ("/etc/old",)
    assert found.set_sysctls == ("a.b=1",)
    assert found.reload_systemd
    assert (found.enable, found.start, found.restart) == (("tool.service",), ("tool.service",), ())
    assert found.stamps == {"tool.service": STAMP}


def test_a_changed_file_restarts_the_unit_that_reads_it() -> None:
    drifted = replace(RIGHT, files={**RIGHT.files, CONFIG.path: FileFact("zz", 0o644, "root", "root")})
    unit = replace(RIGHT.units["tool.service"], stamp="of the old file")
    found = plan(WANTED, replace(drifted, units={"tool.service": unit}))
    assert found.write == (CONFIG,)
    assert found.restart == ("tool.service",)
    assert not found.reload_systemd


def test_a_run_that_was_cut_before_the_restart_is_made_good() -> None:
    unit = replace(RIGHT.units["tool.service"], stamp="of the old file")
    found = plan(WANTED, replace(RIGHT, units={"tool.service": unit}))
    assert not found.write
    assert found.restart == ("tool.service",)


def test_a_file_put_back_as_the_unit_knows_it_restarts_nothing() -> None:
    drifted = replace(RIGHT, files={**RIGHT.files, CONFIG.path: FileFact("zz", 0o644, "root", "root")})
    assert plan(WANTED, drifted).restart == ()


def test_a_mode_or_an_owner_that_differs_is_put_right() -> None:
    for wrong in (FileFact("aa", 0o666, "root", "root"), FileFact("aa", 0o644, "nobody", "root")):
        assert plan(WANTED, replace(RIGHT, files={**RIGHT.files, CONFIG.path: wrong})).write == (CONFIG,)


def test_a_unit_whose_running_is_others_business_is_only_restarted() -> None:
    wanted = replace(WANTED, units=(replace(UNIT, running=None),))
    stopped = replace(RIGHT, units={"tool.service": UnitFact(active=False, enabled=True)})
    assert plan(wanted, stopped).start == plan(wanted, stopped).restart == ()
    running = replace(RIGHT, units={"tool.service": UnitFact(active=True, enabled=True, stamp="old")})
    assert plan(wanted, running).restart == ("tool.service",)


def test_a_unit_to_be_stopped_is_never_restarted() -> None:
    wanted = replace(WANTED, units=(replace(UNIT, running=False, enabled=False),))
    running = replace(RIGHT, units={"tool.service": UnitFact(active=True, enabled=True, stamp="old")})
    found = plan(wanted, running)
    assert (found.stop, found.restart, found.disable) == (("tool.service",), (), ("tool.service",))


def test_systemd_reads_again_what_changed_on_disk_since() -> None:
    stale = replace(RIGHT, units={"tool.service": replace(RIGHT.units["tool.service"], stale=True)})
    assert plan(WANTED, stale) == Plan(reload_systemd=True)


def test_swap_goes_off_only_where_it_is_on() -> None:
    wanted = replace(WANTED, swap_off=True)
    assert not plan(wanted, RIGHT).swap_off
    assert plan(wanted, replace(RIGHT, swaps=("/dev/sda2",))).swap_off


@given(st.lists(st.tuples(st.sampled_from(["/a", "/b", "/c"]), st.sampled_from(["1", "2"])), max_size=4))
def test_a_stamp_depends_on_every_watched_file_and_on_no_other(hashes: list[tuple[str, str]]) -> None:
    unit, known = Unit("u", watches=("/a", "/b")), dict(hashes)
    assert stamp(unit, known) == stamp(unit, {**known, "/c": "other"})
    assert stamp(unit, known) != stamp(unit, {**known, "/a": "3"})


def test_facts_are_asked_once_per_path() -> None:
    assert watched_paths(WANTED) == (CONFIG.path, UNIT_FILE.path, "/etc/old")
