# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits until the objects of a wave are ready (or gone), by watch, and fails as soon as one has failed."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Done, Fail, Verdict, decide, decide_gone
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_pods import WORKLOADS, refused
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, ObjectRef, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.assess import assess
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    CustomRule,
    Patience,
    Readiness,
    State,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_watch import (
    Followers,
    Seen,
    Sight,
    Snapshot,
    Trouble,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import EVERYTHING, KubeApi, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError

TICK_S = 0.5
# Most workloads are ready sooner; until then their pods are not worth a LIST.
PODS_AFTER_S = 1.5
CLAIM = "PersistentVolumeClaim"
REFUSALS = Selector(fields="type=Warning,reason=FailedCreate")

Place = "tuple[str | None, str]"


@dataclass(frozen=True)
class Waiting:
    """How long and by which rules. ``timeout`` in seconds for the whole run."""

    timeout: float
    rules: Mapping[str, CustomRule] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)


@dataclass
class Surroundings:
    """What explains an object that is not ready: pods and refusal events by namespace, storage classes."""

    pods: dict[str | None, dict[str, KubeObject]] = field(default_factory=dict)
    events: dict[str | None, dict[str, KubeObject]] = field(default_factory=dict)
    related: tuple[KubeObject, ...] | None = None
    trouble: str = ""


class Gate:
    """Knows the live state of all waves so far; one instance serves a whole run."""

    def __init__(self, api: KubeApi, clock: Clock, waiting: Waiting, live: Live, progress: Progress) -> None:
        self._api, self._clock, self._waiting, self._live, self._progress = api, clock, waiting, live, progress
        self._followers = Followers(api, clock)
        self._deadline = clock.monotonic() + waiting.timeout
        self.surroundings = Surroundings()

    @property
    def timeout(self) -> float:
        """Seconds that the whole run was given."""
        return self._waiting.timeout

    def with_live(self, live: Live) -> Gate:
        """A gate on other objects, with the same deadline; to be closed on its own."""
        other = Gate(self._api, self._clock, self._waiting, live, self._progress)
        other._deadline = self._deadline
        return other

    def close(self) -> None:
        self._followers.stop()

    def look_around(self, items: Iterable[Item]) -> None:
        """Reads what explains the objects that are not ready, for an answer without a wait or at the end of one."""
        for item in items:
            if self._live.objects.get(item.ref) is None or self._judge(item.ref).settled:
                continue
            if item.ref.kind == CLAIM:
                self._know_storage_classes()
            elif item.ref.kind in WORKLOADS - {"Pod"} and item.ref.namespace not in self.surroundings.pods:
                self._look_around(item.ref.namespace)

    def _look_around(self, namespace: str | None) -> None:
        _store(self.surroundings.pods.setdefault(namespace, {}), self._snapshot(POD, namespace, EVERYTHING))
        _store(self.surroundings.events.setdefault(namespace, {}), self._snapshot(EVENT, namespace, REFUSALS))

    def _snapshot(self, kind: ResourceType, namespace: str | None, selector: Selector) -> Snapshot:
        try:
            return Snapshot((kind, namespace), self._api.list(kind, namespace, selector).items)
        except ApiError:
            return Snapshot((kind, namespace), ())

    def ready(self, items: Iterable[Item], wave: tuple[int, int], name: str) -> tuple[Verdict, dict[ObjectRef, Readiness]]:
        """Returns Done or Fail, and the last judgement of each object."""
        return self._until(tuple(items), wave, f"{name}: waiting until ready", decide)

    def gone(self, items: Iterable[Item], wave: tuple[int, int], name: str) -> tuple[Verdict, dict[ObjectRef, Readiness]]:
        """The same, until nothing of it is found any more."""
        return self._until(tuple(items), wave, f"{name}: waiting until gone", decide_gone)

    def _until(
        self,
        items: tuple[Item, ...],
        wave: tuple[int, int],
        message: str,
        rule: Callable[[Mapping[ObjectRef, Readiness], float, float], Verdict],
    ) -> tuple[Verdict, dict[ObjectRef, Readiness]]:
        judged = {item.ref: self._judge(item.ref) for item in items}
        started = self._clock.monotonic()
        while True:
            verdict = rule(judged, self._clock.monotonic(), self._deadline)
            unsettled = () if isinstance(verdict, Done) else verdict.culprits if isinstance(verdict, Fail) else verdict.unsettled
            self._progress.say(wave, len(items) - len(unsettled), len(items), self._sentence(message, unsettled, judged))
            if isinstance(verdict, (Done, Fail)):
                return verdict, judged
            waited = self._clock.monotonic() - started
            self._follow([item for item in items if item.ref in unsettled], waited >= PODS_AFTER_S)
            touched = self._take(verdict.left)
            stale = [ref for ref, readiness in judged.items() if ref in touched or not readiness.settled]
            judged.update({ref: self._judge(ref) for ref in stale})

    def _sentence(self, message: str, unsettled: tuple[ObjectRef, ...], judged: Mapping[ObjectRef, Readiness]) -> str:
        if not unsettled:
            return message.partition(":")[0]
        first = unsettled[0]
        more = f" and {len(unsettled) - 1} more" if len(unsettled) > 1 else ""
        return f"{message}: {first.kind} {first.name} ({judged[first].message}){more}{self.surroundings.trouble}"

    def _judge(self, ref: ObjectRef) -> Readiness:
        around, now = self.surroundings, self._clock.now()
        obj = self._live.objects.get(ref)
        pods = tuple(around.pods.get(ref.namespace, {}).values())
        readiness = assess(
            obj, now, pods=pods, related=around.related or (), rules=self._waiting.rules, patience=self._waiting.patience
        )
        if obj is None or readiness.state is not State.IN_PROGRESS:
            return readiness
        return refused(obj, around.events.get(ref.namespace, {}).values()) or readiness

    def _follow(self, items: list[Item], with_pods: bool) -> None:
        for item in items:
            if item.kind is None:
                continue
            scope = (item.kind, item.ref.namespace)
            version, selector = self._live.versions.get(scope) or (None, Selector.named(item.ref.name))
            self._followers.follow(scope, version, selector)
            if with_pods and item.ref.kind in WORKLOADS:
                self._follow_around(item.ref.namespace)
            if item.ref.kind == CLAIM:
                self._know_storage_classes()

    def _follow_around(self, namespace: str | None) -> None:
        self._followers.follow((POD, namespace), None, EVERYTHING)
        self._followers.follow((EVENT, namespace), None, REFUSALS)

    def _know_storage_classes(self) -> None:
        kind = self._api.discovery().find("storage.k8s.io/v1", "StorageClass")
        if self.surroundings.related is None:
            self.surroundings.related = self._snapshot(kind, None, EVERYTHING).objects if kind else ()

    def _take(self, left: float) -> set[ObjectRef]:
        """Waits for at least one sight (or a tick) and takes in all that are there; answers which objects moved."""
        touched: set[ObjectRef] = set()
        try:
            sight = self._followers.inbox.get(timeout=max(0.01, min(TICK_S, left)))
            while True:
                touched |= self._take_in(sight)
                sight = self._followers.inbox.get_nowait()
        except queue.Empty:
            return touched

    def _take_in(self, sight: Sight) -> set[ObjectRef]:
        if isinstance(sight, Trouble):
            self.surroundings.trouble = f" (the watch broke and is being renewed: {sight.message})"
            return set()
        self.surroundings.trouble = ""
        store = {POD: self.surroundings.pods, EVENT: self.surroundings.events}.get(sight.scope[0])
        if store is not None:
            _store(store.setdefault(sight.scope[1], {}), sight)
            return set()
        if isinstance(sight, Seen):
            return self._see(_ref(sight.scope[0], *sight.name), sight.obj)
        return self._see_all(sight)

    def _see_all(self, snapshot: Snapshot) -> set[ObjectRef]:
        kind, namespace = snapshot.scope
        present = {_ref(kind, dig(o, "metadata", "namespace"), str(dig(o, "metadata", "name"))): o for o in snapshot.objects}
        missing = {
            ref
            for ref in self._live.objects
            if (ref.api_version, ref.kind, ref.namespace) == (kind.api_version, kind.kind, namespace)
            and snapshot.selector in (EVERYTHING, Selector.named(ref.name))
        }
        touched: set[ObjectRef] = set()
        for ref in missing - present.keys():
            touched |= self._see(ref, None)
        for ref, obj in present.items():
            touched |= self._see(ref, obj)
        return touched

    def _see(self, ref: ObjectRef, obj: KubeObject | None) -> set[ObjectRef]:
        known = self._live.objects.get(ref)
        if obj is None:
            self._live.objects.pop(ref, None)
        elif known is None or version_of(obj) >= version_of(known):
            # A watch that starts at the LIST replays what happened before our own write; our answer is newer.
            self._live.objects[ref] = obj
        return {ref}


POD = ResourceType("", "v1", "Pod", "pods", True)
EVENT = ResourceType("", "v1", "Event", "events", True)


def version_of(obj: KubeObject) -> int:
    """resourceVersion as a number, which etcd-backed API servers promise (KEP-5504); 0 where it is none."""
    text = str(dig(obj, "metadata", "resourceVersion", default="0"))
    return int(text) if text.isdigit() else 0


def settle_patience(settle: float) -> Patience:
    """Patience with another settle time, in seconds, for custom resources without a status."""
    return Patience(settle=timedelta(seconds=settle))


def _ref(kind: ResourceType, namespace: str | None, name: str) -> ObjectRef:
    return ObjectRef(kind.api_version, kind.kind, namespace, name)


def _store(store: dict[str, KubeObject], sight: Seen | Snapshot) -> None:
    if isinstance(sight, Snapshot):
        store.clear()
        store.update({str(dig(obj, "metadata", "name")): obj for obj in sight.objects})
    elif sight.obj is None:
        store.pop(sight.name[1], None)
    else:
        store[sight.name[1]] = sight.obj
