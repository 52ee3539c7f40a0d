"""Who is a member, who may bring others in, and when everything is left alone."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import (
    MembershipError,
    Seen,
    Standing,
    Traces,
    founder,
    kubeadm_arguments,
    refuse_stranger,
    skipped_phases,
    sponsor,
    standing,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("control-plane-1", "control-plane-2", "control-plane-3")
MEMBER = Traces("lab", "member", kubelet_conf=True, control_plane=True, etcd_data=True)
SEEN = st.builds(Seen, st.sampled_from([Standing.ABSENT, Standing.BEGUN, Standing.MEMBER]), st.booleans())


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        (Traces(), Standing.ABSENT),
        (MEMBER, Standing.MEMBER),
        (Traces("lab", "begun"), Standing.BEGUN),
        (Traces("lab", "begun", kubelet_conf=True, etcd_data=True), Standing.BEGUN),
        (Traces("other", "member", kubelet_conf=True), Standing.STRANGER),
        (Traces("other", "begun"), Standing.STRANGER),
        (Traces(kubelet_conf=True), Standing.STRANGER),
        (Traces(etcd_data=True), Standing.STRANGER),
        # kubeadm reset by hand took the files and left our note: the host is free again.
        (Traces("lab", "member"), Standing.ABSENT),
    ],
)
def test_standing(traces: Traces, expected: Standing) -> None:
    assert standing(traces, "lab") is expected


def test_a_stranger_is_refused_with_what_lies_there() -> None:
    traces = Traces(kubelet_conf=True, etcd_data=True)
    with pytest.raises(MembershipError, match=r"kubelet.conf, /var/lib/etcd/member.*expected.*kubeadm reset, then /var/lib/.*"):
        refuse_stranger(standing(traces, "lab"), traces, "lab")
    with pytest.raises(MembershipError, match="a member of cluster other"):
        refuse_stranger(Standing.STRANGER, Traces("other", "member", kubelet_conf=True), "lab")
    refuse_stranger(Standing.MEMBER, MEMBER, "lab")


def test_any_healthy_member_sponsors_and_the_first_host_is_nothing_special() -> None:
    for healthy in NAMES:
        seen = {name: Seen(Standing.MEMBER if name == healthy else Standing.ABSENT, name == healthy) for name in NAMES}
        assert sponsor(seen, []) == healthy


def test_a_dead_host_does_not_stop_a_healthy_sponsor() -> None:
    assert sponsor({NAMES[1]: Seen(Standing.MEMBER, True)}, [NAMES[0]]) == NAMES[1]


def test_no_second_cluster_beside_an_old_one() -> None:
    with pytest.raises(MembershipError, match=r"control-plane-2 \(/readyz answered 500\).*never started beside"):
        sponsor({NAMES[0]: Seen(Standing.ABSENT, False), NAMES[1]: Seen(Standing.MEMBER, False, "/readyz answered 500")}, [])
    with pytest.raises(MembershipError, match="control-plane-3: did not answer"):
        sponsor({NAMES[0]: Seen(Standing.ABSENT, False)}, [NAMES[2]])


@given(st.dictionaries(st.sampled_from(NAMES), SEEN, min_size=1), st.booleans())
def test_a_cluster_is_started_only_where_there_can_be_none(seen: dict[str, Seen], all_answered: bool) -> None:
    unseen = [] if all_answered else ["silent"]
    try:
        found = sponsor(seen, unseen)
    except MembershipError:
        found = "refused"
    members = [name for name, host in seen.items() if host.standing is Standing.MEMBER]
    if found is None:
        assert not members
        assert all_answered
        if all(host.standing is Standing.ABSENT for host in seen.values()):
            assert founder(seen, list(seen)) == next(iter(seen), None)
            assert founder(seen, []) is None
    elif found != "refused":
        assert found in members
        assert seen[found].ready


def test_the_founder_is_who_had_begun() -> None:
    for begun in NAMES:
        seen = {name: Seen(Standing.BEGUN if name == begun else Standing.ABSENT, False) for name in NAMES}
        assert founder(seen, NAMES) == begun
        with pytest.raises(MembershipError, match=f"{begun}: had begun"):
            founder(seen, [name for name in NAMES if name != begun])


def test_the_founder_is_a_host_that_the_run_goes_on_with() -> None:
    seen = {name: Seen(Standing.ABSENT, False) for name in NAMES}
    assert founder(seen, NAMES[1:]) == NAMES[1]
    assert founder(seen, ["cpu-1"]) is None


def test_a_cut_attempt_goes_on_over_its_own_traces_alone() -> None:
    for action, found in itertools.product(("init", "join"), (Standing.ABSENT, Standing.BEGUN)):
        arguments = kubeadm_arguments(action, "/c.yaml", found, ["SystemVerification"])
        assert arguments[:3] == ["kubeadm", action, "--config=/c.yaml"]
        waived = next(argument for argument in arguments if argument.startswith("--ignore-preflight-errors="))
        assert "SystemVerification" in waived
        assert ("Port-6443" in waived) == (found is Standing.BEGUN)
        assert "all" not in waived.split("=")[1].split(",")
    assert not any("ignore" in argument for argument in kubeadm_arguments("join", "/c.yaml", Standing.ABSENT, []))


@pytest.mark.parametrize("action", ["init", "join"])
@pytest.mark.parametrize("found", [Standing.ABSENT, Standing.BEGUN])
@pytest.mark.parametrize("credentials", [True, False])
def test_only_a_cut_join_whose_kubelet_has_credentials_leaves_its_start_out(
    action: str, found: Standing, credentials: bool
) -> None:
    skipped = skipped_phases(action, found, Traces("lab", "begun", kubelet_conf=credentials))
    assert bool(skipped) == ((action, found, credentials) == ("join", Standing.BEGUN, True))
    arguments = kubeadm_arguments(action, "/c.yaml", found, [], skipped)
    assert ("--skip-phases=kubelet-start" in arguments) == bool(skipped)
    assert any(argument.startswith("--skip-phases") for argument in arguments) == bool(skipped)
