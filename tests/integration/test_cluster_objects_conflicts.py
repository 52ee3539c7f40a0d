"""Fields that others hold: reported, taken or left by rules, and what earlier tools left behind is taken over once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy, taking

from tests.integration.applying import Applier, Run, answer, config_map, deployment, secret, start_module
from tests.integration.booted import Cluster, Json, store

IMAGE = '.spec.template.spec.containers[name="app"].image'


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def yielding(*paths: str, managers: tuple[str, ...] = ()) -> list[ConflictRule]:
    return [ConflictRule(path, Policy.YIELD, managers) for path in paths]


def live(apply: Applier, kind: str = "configmaps", name: str = "settings") -> Json:
    root = "/apis/apps/v1" if kind == "deployments" else "/api/v1"
    return apply.cluster.get(f"{root}/namespaces/{apply.namespace}/{kind}/{name}")


def decisions(run: Run) -> list[tuple[str, str]]:
    found = [c for outcome in run.report.outcomes for c in outcome.conflicts]
    found += [c for problem in run.report.problems for c in problem.conflicts]
    return sorted((conflict.path, str(conflict.decided)) for conflict in found)


def owners(obj: Json) -> list[str]:
    return sorted(entry["manager"] for entry in obj["metadata"]["managedFields"])


def test_taking_needs_a_rule_for_every_conflict(apply: Applier) -> None:
    apply(config_map(a="theirs", b="theirs"), manager="someone")
    part = apply(config_map(a="ours", b="ours"), rules=taking([".data.a"]))
    assert decisions(part) == [(".data.a", "take"), (".data.b", "fail")]
    assert ".data.b is held by 'someone'" in part.report.message
    assert ".data.a is held" not in part.report.message
    assert part.writes == 0
    checked = apply(config_map(a="ours", b="ours"), rules=taking([".data.*"]), check=True)
    assert decisions(checked) == [(".data.a", "take"), (".data.b", "take")]
    shown = checked.report.outcomes[0].as_diff()
    assert shown["before"]["(field managers)"] == {".data.a": "someone", ".data.b": "someone"}
    assert shown["after"]["(field managers)"] == {".data.a": "ours", ".data.b": "ours"}
    assert live(apply)["data"] == {"a": "theirs", "b": "theirs"}
    taken = apply(config_map(a="ours", b="ours"), rules=taking([".data.*"]))
    assert decisions(taken) == decisions(checked)
    assert live(apply)["data"] == {"a": "ours", "b": "ours"}
    assert apply(config_map(a="ours", b="ours")).requests == {"GET": 1}


def test_a_rule_is_about_the_managers_that_it_names(apply: Applier) -> None:
    apply(config_map(a="theirs"), manager="someone")
    rule = ConflictRule(".data", Policy.TAKE, ("another-*",))
    assert decisions(apply(config_map(a="ours"), rules=[rule])) == [(".data.a", "fail")]
    assert decisions(apply(config_map(a="ours"), rules=[ConflictRule(".data", Policy.TAKE, ("some*",))])) == [(".data.a", "take")]


def test_yielding_leaves_the_field_and_is_stable(apply: Applier) -> None:
    apply(config_map(a="theirs"), manager="someone")
    first = apply(config_map(a="ours", b="ours"), rules=yielding(".data.a"))
    assert decisions(first) == [(".data.a", "yield")]
    assert live(apply)["data"] == {"a": "theirs", "b": "ours"}
    again = apply(config_map(a="ours", b="ours"), rules=yielding(".data.a"))
    assert again.requests == {"GET": 1}
    assert again.methods == {"ConfigMap/settings": "unchanged"}
    assert decisions(again) == [(".data.a", "yield")]


def test_yielding_to_who_changed_our_field_later(apply: Applier) -> None:
    apply(deployment())
    apply.cluster.patch(f"/apis/apps/v1/namespaces/{apply.namespace}/deployments/web?fieldManager=on-call", images("hotfix"))
    rules = yielding(".spec.template.spec.containers.*.image", managers=("on-call",))
    assert decisions(apply(deployment(), rules=())) == [(IMAGE, "fail")]
    assert apply(deployment(replicas=3), rules=rules).report.problems == ()
    found = live(apply, "deployments", "web")["spec"]
    assert (found["replicas"], found["template"]["spec"]["containers"][0]["image"]) == (3, "hotfix")
    assert apply(deployment(replicas=3), rules=rules).requests == {"GET": 1}


def images(image: str) -> Json:
    container = deployment()["spec"]["template"]["spec"]["containers"][0]
    return {"spec": {"template": {"spec": {"containers": [{**container, "image": image}]}}}}


def test_one_object_may_be_taken_in_one_field_and_yielded_in_another(apply: Applier) -> None:
    apply(config_map(a="theirs", b="theirs"), manager="someone")
    rules = [*yielding(".data.a"), *taking([".data.b"])]
    run = apply(config_map(a="ours", b="ours"), rules=rules)
    assert decisions(run) == [(".data.a", "yield"), (".data.b", "take")]
    assert live(apply)["data"] == {"a": "theirs", "b": "ours"}
    assert apply(config_map(a="ours", b="ours"), rules=rules).writes == 0


def test_values_of_secrets_and_hidden_fields_stay_hidden_in_decisions(apply: Applier) -> None:
    apply(secret(password="theirs-is-secret"), config_map(token="theirs-is-secret"), manager="someone")
    wanted = (secret(password="ours-is-secret"), config_map(token="ours-is-secret"))
    for rules in ([], yielding(".data"), taking([".data"])):
        run = apply(*wanted, rules=rules, masks=["data.token"])
        assert {path for path, _ in decisions(run)} == {".data.password", ".data.token"}
        assert "is-secret" not in repr([o.conflicts for o in run.report.outcomes]) + repr(run.report.problems)
        assert "is-secret" not in repr([o.as_diff() for o in run.report.outcomes])


def test_replicas_stay_with_the_autoscaler_whatever_the_rules_say(apply: Applier) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler: Json = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"minReplicas": 1, "maxReplicas": 9, "scaleTargetRef": target},
    }
    apply(deployment(replicas=2), scaler)
    path = f"/apis/apps/v1/namespaces/{apply.namespace}/deployments/web/scale"
    apply.cluster.patch(path, {"spec": {"replicas": 5}})
    for rules in ([], taking([".spec.replicas"]), yielding(".spec.replicas")):
        run = apply(deployment(replicas=2), rules=rules)
        assert (run.report.problems, run.writes, decisions(run)) == ((), 0, [])
    assert live(apply, "deployments", "web")["spec"]["replicas"] == 5


class TestMigration:
    def kubectl(self, apply: Applier, verb: str, obj: Json, *options: str) -> None:
        command = [str(store() / "bin" / "kubectl"), f"--kubeconfig={apply.cluster.kubeconfig}", "-n", apply.namespace]
        file = apply.scratch / "kubectl.json"
        file.write_text(json.dumps(obj))
        subprocess.run([*command, verb, "-f", str(file), *options], check=True, capture_output=True)

    @pytest.mark.parametrize("verb", ["apply", "create"])
    def test_stale_fields_of_kubectl_go_with_the_first_apply(self, apply: Applier, verb: str) -> None:
        self.kubectl(apply, verb, config_map(a="1", b="stale", c="old"))
        wanted = config_map(a="1", c="new")
        checked = apply(wanted, check=True)
        assert checked.report.outcomes[0].as_result()["migrated"] is True
        assert checked.report.outcomes[0].change is not None
        assert {"data.b", "data.c"} <= set(checked.report.outcomes[0].change.paths)
        assert "would become ours" in checked.report.warnings[0]
        assert live(apply)["data"] == {"a": "1", "b": "stale", "c": "old"}
        run = apply(wanted)
        assert run.report.problems == ()
        assert run.report.outcomes[0].as_result()["migrated"] is True
        assert "(every other field)" in run.report.outcomes[0].as_diff()["before"]["(field managers)"]
        assert "migrate_managers" in run.report.warnings[0]
        after = live(apply)
        assert after["data"] == {"a": "1", "c": "new"}
        assert after["metadata"].get("annotations", {}) == {}
        assert owners(after) == ["autotrade.deployment"]
        assert run.report.outcomes[0].change == checked.report.outcomes[0].change
        again = apply(wanted)
        assert (again.requests, again.report.warnings) == ({"GET": 1}, ())

    @pytest.mark.parametrize(("options", "left"), [({}, {"a": "1"}), ({"migrate_managers": []}, {"a": "1", "b": "stale"})])
    def test_the_module_does_it_unless_its_option_says_otherwise(self, apply: Applier, options: Json, left: Json) -> None:
        self.kubectl(apply, "create", config_map(a="1", b="stale"))
        given = json.dumps([["one.yaml", config_map(a="1")]])
        module = start_module("cluster_objects", apply.cluster, definition=given, namespace=apply.namespace, **options)
        assert answer(module)["changed"] is True
        assert live(apply)["data"] == left

    def test_the_option_turns_it_off(self, apply: Applier) -> None:
        self.kubectl(apply, "create", config_map(a="1", b="stale"))
        run = apply(config_map(a="1"), earlier=())
        assert run.report.outcomes[0].as_result()["migrated"] is False
        assert live(apply)["data"] == {"a": "1", "b": "stale"}

    def test_who_writes_after_us_is_in_conflict_and_not_migrated(self, apply: Applier) -> None:
        apply(config_map(a="1"))
        path = f"/api/v1/namespaces/{apply.namespace}/configmaps/settings?fieldManager=kubectl-edit"
        apply.cluster.patch(path, {"data": {"a": "2"}})
        run = apply(config_map(a="1"))
        assert decisions(run) == [(".data.a", "fail")]
        assert live(apply)["data"] == {"a": "2"}

    def test_who_never_managed_what_we_manage_is_left_alone(self, apply: Applier) -> None:
        apply(config_map(a="1"), manager="someone")
        path = f"/api/v1/namespaces/{apply.namespace}/configmaps/settings?fieldManager=kubectl-edit"
        apply.cluster.patch(path, {"data": {"note": "by hand"}})
        run = apply(config_map(a="1"))
        assert run.report.outcomes[0].as_result()["migrated"] is False
        assert live(apply)["data"] == {"a": "1", "note": "by hand"}

    def test_what_was_there_before_any_manager_is_taken_over_in_one_run(self, apply: Applier) -> None:
        apply(config_map(a="1", b="stale"), manager="someone")
        path = f"/api/v1/namespaces/{apply.namespace}/configmaps/settings"
        reset = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
        apply.cluster.must("PATCH", path, reset, "application/json-patch+json")
        checked = apply(config_map(a="1"), check=True)
        assert checked.report.outcomes[0].migrated == ("before-first-apply",)
        run = apply(config_map(a="1"))
        assert run.report.outcomes[0].migrated == ("before-first-apply",)
        assert live(apply)["data"] == {"a": "1"}
        assert apply(config_map(a="1")).requests == {"GET": 1}

    def test_a_default_that_comes_back_is_seen_in_check_mode(self, apply: Applier) -> None:
        self.kubectl(apply, "create", deployment(replicas=4))
        wanted = deployment()
        del wanted["spec"]["replicas"]
        checked = apply(wanted, check=True)
        change = checked.report.outcomes[0].change
        assert change is not None
        assert (change.before["spec"]["replicas"], change.after["spec"]["replicas"]) == (4, 1)
        assert apply(wanted).report.problems == ()
        assert live(apply, "deployments", "web")["spec"]["replicas"] == 1

    def test_what_is_yielded_stays_with_its_manager(self, apply: Applier) -> None:
        self.kubectl(apply, "create", config_map(a="theirs", b="theirs"))
        run = apply(config_map(a="ours", c="ours"), rules=yielding(".data.a"))
        assert run.report.outcomes[0].as_result()["migrated"] is False
        assert live(apply)["data"] == {"a": "theirs", "b": "theirs", "c": "ours"}
        assert apply(config_map(a="ours", c="ours"), rules=yielding(".data.a")).writes == 0

    def test_a_removal_that_the_server_refuses_is_told_before_any_write(self, apply: Applier) -> None:
        self.kubectl(apply, "create", deployment())
        wanted = deployment()
        container = {key: value for key, value in wanted["spec"]["template"]["spec"]["containers"][0].items() if key != "image"}
        wanted["spec"]["template"]["spec"]["containers"] = [container]
        run = apply(wanted)
        assert "image" in run.report.message
        assert run.writes == 0
