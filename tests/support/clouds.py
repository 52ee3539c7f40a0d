"""What the dynamic inventories make of a cloud's answers: the plugins' own expressions, evaluated by Ansible's own code.

The collections google.cloud and amazon.aws are not needed: what their plugins do with an answer before they come to the
expressions is short and documented, and done here once more.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from ansible.inventory.data import InventoryData
from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible.template import Templar

Json = dict[str, Any]
ANSWERS = Path(__file__).parent / "answers"
CONFIGURATIONS = {"gcp": "gcp_compute.yml", "aws": "aws_ec2.yml"}
COUNTS = {"control-plane": 3, "cpu": 9, "gpu": 2, "storage": 2}


@dataclass(frozen=True)
class Machine:
    """One instance, told without the words of a cloud."""

    node_class: str
    number: int
    arch: str = "amd64"
    page_size: str = ""
    cluster: str = "trading"
    running: bool = True
    joins: str = ""

    @property
    def name(self) -> str:
        return f"{self.cluster}-{self.node_class}-{self.number}"

    @property
    def address(self) -> str:
        return f"10.10.{list(COUNTS).index(self.node_class)}.{10 + self.number}"

    @property
    def labels(self) -> dict[str, str]:
        found = {
            "autotrade-cluster": self.cluster,
            "autotrade-node-class": self.node_class,
            "autotrade-page-size": self.page_size,
            "autotrade-joins": self.joins,
        }
        return {key: value for key, value in found.items() if value}


def fleet() -> list[Machine]:
    """The machines of a whole cluster, beside some that are none of its own or not running."""
    own = [Machine(node_class, number) for node_class, count in COUNTS.items() for number in range(1, count + 1)]
    return [*own, Machine("cpu", 1, cluster="other"), Machine("cpu", 20, running=False)]


def mixed(machines: list[Machine]) -> list[Machine]:
    """The same with Grace in the GPU instances."""
    return [replace(one, arch="arm64", page_size="64k") if one.node_class == "gpu" else one for one in machines]


def answer(cloud: str, machines: list[Machine]) -> list[Json]:
    """The instances as the cloud's API would list them."""
    known = yaml.safe_load((ANSWERS / f"{cloud}.yaml").read_text(encoding="utf-8"))
    make = {"gcp": _google_instance, "aws": _amazon_instance}[cloud]
    return [make(copy.deepcopy(known["instance"]), one, known) for one in machines]


def _google_instance(instance: Json, machine: Machine, known: Json) -> Json:
    zone = known["zones"][(machine.number - 1) % 3]
    instance = yaml.safe_load(yaml.safe_dump(instance).replace("NAME", machine.name).replace("europe-west3-a", zone))
    instance["labels"] = machine.labels
    instance["status"] = "RUNNING" if machine.running else "TERMINATED"
    instance["networkInterfaces"][0]["networkIP"] = machine.address
    instance["disks"][1]["architecture"] = known["architectures"][machine.arch]
    return dict(instance)


def _amazon_instance(instance: Json, machine: Machine, known: Json) -> Json:
    dashed = machine.address.replace(".", "-")
    return {
        **instance,
        "InstanceId": f"i-{machine.name.encode().hex()[-17:]:0>17}",
        "Architecture": known["architectures"][machine.arch],
        "State": {"Code": 16, "Name": "running"} if machine.running else {"Code": 80, "Name": "stopped"},
        "PrivateDnsName": f"ip-{dashed}.eu-central-1.compute.internal",
        "PrivateIpAddress": machine.address,
        "Placement": {**instance["Placement"], "AvailabilityZone": known["zones"][(machine.number - 1) % 3]},
        "Tags": [{"Key": key, "Value": value} for key, value in machine.labels.items()],
    }


def _google_hosts(config: Json, instances: list[Json]) -> Iterator[tuple[str, Json, Json]]:
    """Name, host variables, and what expressions see, as google.cloud.gcp_compute makes them."""
    for instance in instances:
        wanted = [one.split(" = ") for one in config["filters"]]
        if all(_path(instance, path) == value for path, value in wanted):
            known = {**instance, "project": instance["selfLink"].split("/")[6]}
            known |= {key: instance[key].split("/")[-1] for key in ("zone", "machineType")}
            yield instance["name"], {config["vars_prefix"] + key: value for key, value in known.items()}, known


def _path(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part, {})
    return value


def _amazon_hosts(config: Json, instances: list[Json]) -> Iterator[tuple[str, Json, Json]]:
    """The same as amazon.aws.aws_ec2 makes them; its expressions see the prefixed names."""
    assert config["hostnames"] == ["private-dns-name"]
    for instance in instances:
        tags = {one["Key"]: one["Value"] for one in instance["Tags"]}
        told = {f"tag:{key}": value for key, value in tags.items()} | {"instance-state-name": instance["State"]["Name"]}
        if all(told.get(key) == value for key, value in config["filters"].items()):
            known = camel_dict_to_snake_dict(instance, ignore_list=["Tags"]) | {"tags": tags}
            known["placement"]["region"] = known["placement"]["availability_zone"][:-1]
            prefixed = {config["hostvars_prefix"] + key: value for key, value in known.items()}
            yield instance["PrivateDnsName"], prefixed, prefixed


class _Expressions(BaseInventoryPlugin, Constructable):  # type: ignore[misc]
    """Ansible's own evaluation of compose and groups."""

    NAME = "expressions"

    def __init__(self, loader: DataLoader) -> None:
        super().__init__()
        self.inventory = InventoryData()
        self.templar = Templar(loader=loader)

    def place(self, name: str, variables: Mapping[str, Any], seen: Mapping[str, Any], config: Json) -> None:
        self.inventory.add_host(name)
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        # As the plugin of Google Cloud does: an expression that fails is a variable that is missing.
        strict = config.get("strict", False)
        self._set_composite_vars(config["compose"], seen, name, strict=strict)
        self._add_host_to_composed_groups(config["groups"], seen, name, strict=strict)


def inventory_of(configuration: Path, machines: list[Machine]) -> Json:
    """The inventory that a configuration makes of these machines, as a static one that Ansible reads."""
    cloud = next(cloud for cloud, file in CONFIGURATIONS.items() if file == configuration.name)
    loader = DataLoader()
    config = loader.load_from_file(str(configuration), trusted_as_template=True)
    plugin = _Expressions(loader)
    hosts = {"gcp": _google_hosts, "aws": _amazon_hosts}[cloud]
    for name, variables, seen in hosts(config, answer(cloud, machines)):
        plugin.place(name, variables, seen, config)
    groups = {
        name: {"hosts": {host.name: {} for host in group.get_hosts()}}
        for name, group in plugin.inventory.groups.items()
        if name not in ("all", "ungrouped")
    }
    return {"all": {"hosts": {host.name: host.vars for host in plugin.inventory.hosts.values()}, "children": groups}}
