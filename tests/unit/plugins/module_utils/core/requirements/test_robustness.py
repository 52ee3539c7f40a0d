"""Checks judge whatever stands in a cluster: they never raise, and they always say something."""

from __future__ import annotations

from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import (
    KINDS_NEEDED,
    counts,
    evaluate,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import REGISTRY, Cluster, State
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The names that the checks look for by hand: with them, generated objects get past the first question.
WORDS = st.sampled_from(
    """
    metadata name namespace labels annotations spec status template containers initContainers replicas selector matchLabels
    app env volumes resources requests limits cpu memory strategy rollingUpdate ipPools triggers metrics ports rules egress
    ingress from to podSelector policyTypes hard value data volumeClaimTemplates affinity scaleTargetRef minAvailable listeners
    tls capacity data-acquisition trading-strategy timescaledb redis trading-system monitoring default kube-system
    v1 v2 nvidia.com/gpu
    """.split()  # noqa: SIM905 - sixty quoted words would be harder to read
)
KINDS = st.sampled_from(sorted({kind for _version, kind in KINDS_NEEDED}))
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=True) | WORDS | st.text(max_size=4)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=25)


@st.composite
def odd_objects(draw: st.DrawFn) -> dict[str, Any]:
    """An object of a kind that checks read, with a name that they look for and nonsense inside."""
    metadata = {"name": draw(WORDS), "namespace": draw(st.sampled_from(["trading-system", "monitoring", "kube-system"]))}
    metadata |= draw(st.dictionaries(st.sampled_from(["labels", "annotations", "ownerReferences", "uid"]), TREES, max_size=2))
    spec = draw(TREES | st.dictionaries(WORDS, TREES, max_size=6))
    body = draw(
        st.dictionaries(
            st.sampled_from(["data", "status", "rules", "subjects", "roleRef", "value", "apiVersion"]), TREES, max_size=3
        )
    )
    return {**body, "kind": draw(KINDS), "metadata": metadata, "spec": spec}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(odd_objects() | TREES, max_size=8))
def test_checks_never_raise(objects: list[Any]) -> None:
    findings = evaluate(Cluster(objects))
    assert len(findings) == len(REGISTRY)
    assert all(finding.message for finding in findings)


def test_an_empty_cluster_fails_everything_that_objects_show() -> None:
    findings = evaluate(Cluster([]))
    passed = [finding.id for finding in findings if finding.state is State.PASSED]
    assert passed == [], "nothing stands there, so nothing can hold"
    assert counts(findings)["failed"] > 30


def test_what_does_not_run_gives_its_reason() -> None:
    reasons = [finding.message for finding in evaluate(Cluster([])) if finding.state is State.NOT_RUN]
    assert all(len(reason.split()) > 5 for reason in reasons)


def test_a_kind_that_may_not_be_listed_is_not_judged() -> None:
    finding = evaluate(Cluster([], hidden=frozenset({"Secret"})), only=["S6"])[0]
    assert finding.state is State.NOT_RUN
    assert "may not list objects of kind Secret" in finding.message
