"""Every container of a manifest runs by digest, or is named."""

from __future__ import annotations

from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.pinned_images import pinned

DIGEST = "sha256:" + "a" * 64


def deployment(*images: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return {"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers, **spec}}}}


def images(obj: dict[str, Any]) -> list[str]:
    return [one["image"] for one in obj["spec"]["template"]["spec"]["containers"]]


def test_known_images_get_their_digest_and_the_others_are_named_once() -> None:
    answer = pinned([deployment("a:1", "b:1", "b:1"), deployment(f"c:1@{DIGEST}")], {"a:1": DIGEST, "b:1": ""})
    assert [images(obj) for obj in answer.objects] == [[f"a:1@{DIGEST}", "b:1", "b:1"], [f"c:1@{DIGEST}"]]
    assert answer.unpinned == ("b:1",)


def test_init_containers_and_lists_of_objects_are_seen() -> None:
    inner = deployment("a:1", initContainers=[{"name": "i", "image": "b:1"}])
    assert pinned([{"kind": "List", "items": [inner]}], {}).unpinned == ("a:1", "b:1")


def test_what_is_no_container_stays_as_it_is() -> None:
    schema = {
        "kind": "CustomResourceDefinition",
        "spec": {"properties": {"containers": {"type": "array"}, "image": {"type": "string"}}},
    }
    crooked = {"kind": "Pod", "spec": {"containers": ["text", {"image": 5}], "image": "a:1"}}
    answer = pinned([schema, crooked], {"a:1": DIGEST})
    assert answer.objects == [schema, crooked]
    assert answer.unpinned == ()


def test_the_objects_that_were_given_are_not_changed() -> None:
    before = deployment("a:1")
    pinned([before], {"a:1": DIGEST})
    assert images(before) == ["a:1"]
