"""Which interface leads everywhere, read from the kernel's table."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_routes import default_interface

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
NEAR = "eno2\t000A590A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0"


def default(interface: str, metric: int = 0, flags: str = "0003") -> str:
    return f"{interface}\t00000000\t010A590A\t{flags}\t0\t0\t{metric}\t00000000\t0\t0\t0"


def table(*rows: str) -> str:
    return "\n".join([HEAD, *rows, ""])


def test_the_route_to_everywhere_is_told_from_those_to_networks() -> None:
    assert default_interface(table(NEAR, default("eno1"))) == "eno1"


def test_the_smaller_metric_wins() -> None:
    assert default_interface(table(default("wlan0", 600), default("eno1", 100))) == "eno1"


def test_a_route_that_is_down_and_half_of_everywhere_do_not_count() -> None:
    half = "tun0\t00000000\t010A590A\t0003\t0\t0\t0\t00000080\t0\t0\t0"
    assert default_interface(table(default("eno1", flags="0002"), half)) == ""


def test_no_route_is_no_interface() -> None:
    assert default_interface(HEAD) == default_interface("") == ""
