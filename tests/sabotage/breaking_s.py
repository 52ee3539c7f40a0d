"""Sabotages of databases, cache, monitoring and secrets."""

from __future__ import annotations

from base64 import b64decode, b64encode

from tests.sabotage.registry import Object, container, every, find, pod_spec, remove, sabotage


@sabotage("S1", "the database has two replicas")
def _(objects: list[Object]) -> None:
    find(objects, "StatefulSet", "timescaledb")["spec"]["replicas"] = 2


@sabotage("S1", "its password stands in the manifest")
def _(objects: list[Object]) -> None:
    for one in pod_spec(objects, "StatefulSet", "timescaledb")["containers"]:
        one["env"] = [{"name": v["name"], "value": "x"} if "valueFrom" in v else v for v in one.get("env", [])]


@sabotage("S1", "its data are on the slow class")
def _(objects: list[Object]) -> None:
    find(objects, "StatefulSet", "timescaledb")["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = "standard"


@sabotage("S1", "nothing leads to the primary")
def _(objects: list[Object]) -> None:
    remove(objects, "Service", "timescaledb-primary")


@sabotage("S1", "two instances may share a host")
def _(objects: list[Object]) -> None:
    spec = pod_spec(objects, "StatefulSet", "timescaledb")
    spec.pop("topologySpreadConstraints", None)
    spec["affinity"].pop("podAntiAffinity", None)


@sabotage("S2", "the budget lets two instances go")
def _(objects: list[Object]) -> None:
    find(objects, "PodDisruptionBudget", "timescaledb-pdb")["spec"]["minAvailable"] = 1


@sabotage("S2", "broken instances may not be evicted")
def _(objects: list[Object]) -> None:
    del find(objects, "PodDisruptionBudget", "timescaledb-pdb")["spec"]["unhealthyPodEvictionPolicy"]


@sabotage("S2", "the budget selects nothing")
def _(objects: list[Object]) -> None:
    find(objects, "PodDisruptionBudget", "timescaledb-pdb")["spec"]["selector"] = {"matchLabels": {"app": "postgres"}}


@sabotage("S3", "the cache forgets on restart")
def _(objects: list[Object]) -> None:
    for config in every(objects, "ConfigMap"):
        for key, body in config.get("data", {}).items():
            config["data"][key] = body.replace("appendonly yes", "appendonly no")


@sabotage("S3", "there is no sentinel")
def _(objects: list[Object]) -> None:
    for workload in every(objects, "StatefulSet"):
        spec = workload["spec"]["template"]["spec"]
        spec["containers"] = [one for one in spec["containers"] if "sentinel" not in one["name"]]


@sabotage("S4", "an alert names no runbook")
def _(objects: list[Object]) -> None:
    for config in every(objects, "ConfigMap"):
        for key, body in config.get("data", {}).items():
            if "- alert:" in body:
                config["data"][key] = (
                    body.replace("runbook", "note", 1) if body.count("runbook") == 1 else body.replace("runbook", "note")
                )


@sabotage("S4", "there is no Alertmanager")
def _(objects: list[Object]) -> None:
    objects[:] = [
        o for o in objects if not (o["kind"] in ("StatefulSet", "Deployment") and "alertmanager" in o["metadata"]["name"])
    ]


@sabotage("S4", "there is no dashboard")
def _(objects: list[Object]) -> None:
    for config in every(objects, "ConfigMap"):
        config["data"] = {key: body for key, body in config.get("data", {}).items() if '"panels"' not in body}


@sabotage("S5", "the traces are open to the outside")
def _(objects: list[Object]) -> None:
    find(objects, "Service", "jaeger-query")["spec"]["type"] = "LoadBalancer"


@sabotage("S5", "every pod may ask for traces")
def _(objects: list[Object]) -> None:
    for rule in find(objects, "NetworkPolicy", "jaeger-policy")["spec"]["ingress"]:
        rule["from"] = [{"namespaceSelector": {}}]


@sabotage("S5", "logs travel in the clear")
def _(objects: list[Object]) -> None:
    _rename(objects, " tls: true", " tls: false")


@sabotage("S5", "the log server may be anybody")
def _(objects: list[Object]) -> None:
    data = find(objects, "ConfigMap", "fluent-bit-configuration")["data"]
    before, outputs = data["fluent-bit.yaml"].split("outputs:", 1)
    data["fluent-bit.yaml"] = before + "outputs:" + outputs.replace("tls.verify: true", "tls.verify: false")


@sabotage("S5", "the log server's password stands in a ConfigMap")
def _(objects: list[Object]) -> None:
    _rename(objects, "http_passwd: ${STORE_PASSWORD}", "http_passwd: hunter2")


@sabotage("S6", "a password is a literal")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "data-pipeline").setdefault("env", []).append(
        {"name": "DATABASE_PASSWORD", "value": "hunter2"}
    )


@sabotage("S6", "a Secret that pods read is not there")
def _(objects: list[Object]) -> None:
    remove(objects, "Secret", "redis-credentials")


@sabotage("S6", "a ConfigMap holds a URL with a password")
def _(objects: list[Object]) -> None:
    every(objects, "ConfigMap")[0].setdefault("data", {})["url"] = "postgresql://admin:hunter2@timescaledb:5432/trading_system"


@sabotage("S7", "Prometheus keeps its samples in the container")
def _(objects: list[Object]) -> None:
    _forget(objects, "prometheus")


@sabotage("S7", "the cache has no volume")
def _(objects: list[Object]) -> None:
    _forget(objects, "redis")


def _forget(objects: list[Object], part: str) -> None:
    for workload in objects:
        if workload["kind"] in ("StatefulSet", "Deployment") and workload["metadata"]["name"].startswith(part):
            workload["spec"].pop("volumeClaimTemplates", None)
            spec = workload["spec"]["template"]["spec"]
            spec["volumes"] = [one for one in spec.get("volumes", []) if "persistentVolumeClaim" not in one]


@sabotage("S8", "no alert watches the watchers")
def _(objects: list[Object]) -> None:
    _rename(objects, "alert: Watchdog", "alert: Nothing")


@sabotage("S8", "the watchdog is sent nowhere")
def _(objects: list[Object]) -> None:
    _rename(objects, 'alertname="Watchdog"', 'alertname="Other"')


@sabotage("S8", "nobody receives a page")
def _(objects: list[Object]) -> None:
    _rename(objects, "receivers:", "forgotten:")


def _rename(objects: list[Object], old: str, new: str) -> None:
    for found in every(objects, "ConfigMap"):
        found["data"] = {name: body.replace(old, new) for name, body in found.get("data", {}).items()}
    for found in every(objects, "Secret"):
        decoded = {name: b64decode(body).decode() for name, body in found.get("data", {}).items()}
        found["data"] = {name: b64encode(body.replace(old, new).encode()).decode() for name, body in decoded.items()}
