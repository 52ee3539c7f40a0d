"""What the store offers to hosts."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import Entry, render_index
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_programs import (
    install_list,
    stored_image,
    stored_images,
    stored_programs,
)


def entry(name: str, version: str, arch: str, age: int, kind: str = "binary") -> Entry:
    """An entry that came into the store at ``age``."""
    path, sha256 = f"binaries/{name}/{version}/{arch}/{name}", f"{version}-{arch}"
    return Entry(name, kind, version, arch, "gomod", path, sha256, 1, age, "i", "go", f"sha256:of-{version}-{arch}")


INDEX = render_index(
    [
        entry("kubelet", "v1.10.0", "amd64", 2),
        entry("kubelet", "v1.9.0", "amd64", 1),
        entry("kubelet", "v1.9.0", "arm64", 1),
        entry("crds", "v1", "any", 1, "bundle"),
        entry("workload", "v1+ours.2", "arm64", 2, "image"),
        entry("workload", "v1+ours.1", "arm64", 1, "image"),
    ]
)


def test_the_version_that_came_last_counts() -> None:
    assert stored_programs(INDEX) == {
        "kubelet": {"version": "v1.10.0", "amd64": {"path": "binaries/kubelet/v1.10.0/amd64/kubelet", "sha256": "v1.10.0-amd64"}}
    }


def test_each_host_gets_its_own_architecture() -> None:
    assert install_list({"/usr/local/bin/kubelet": "kubelet"}, INDEX, "https://store.example/", "amd64") == [
        {
            "path": "/usr/local/bin/kubelet",
            "url": "https://store.example/binaries/kubelet/v1.10.0/amd64/kubelet",
            "sha256": "v1.10.0-amd64",
        }
    ]


@pytest.mark.parametrize(
    ("arch", "url", "message"), [("arm64", "https://s", "no kubelet for arm64"), ("amd64", "", "cluster_store_url")]
)
def test_what_is_missing_is_named_with_the_setting(arch: str, url: str, message: str) -> None:
    with pytest.raises(SupplyError, match=message):
        install_list({"/usr/local/bin/kubelet": "kubelet"}, INDEX, url, arch)


def test_an_image_is_named_by_its_tag_and_digest() -> None:
    assert stored_images(INDEX) == {
        "workload": {
            "version": "v1+ours.2",
            "tag": "v1_ours.2",
            "arm64": {"path": "binaries/workload/v1+ours.2/arm64/workload", "digest": "sha256:of-v1+ours.2-arm64"},
        }
    }
    assert stored_image(INDEX, "workload", "arm64") == {
        "version": "v1+ours.2",
        "tag": "v1_ours.2",
        "path": "binaries/workload/v1+ours.2/arm64/workload",
        "digest": "sha256:of-v1+ours.2-arm64",
    }


@pytest.mark.parametrize(("name", "arch"), [("workload", "amd64"), ("kubelet", "amd64"), ("nothing", "arm64")])
def test_an_image_that_the_store_lacks_is_refused(name: str, arch: str) -> None:
    with pytest.raises(SupplyError, match=f"no image {name} for {arch}.*artifact_store_names"):
        stored_image(INDEX, name, arch)
