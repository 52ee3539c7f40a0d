# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps the ApplySet of a run: its parent is widened before the first write, and what left the set is deleted after the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core import applyset
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Problem
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import Extent, Parent, extent_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset_prune import PruneRules, Pruning, pruning
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ObjectRef,
    dig,
    dig_text,
    ref_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_delete import Removal, Remover
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_parent import (
    NOT_FOUND,
    SOURCE,
    Delayed,
    ParentObject,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Gate
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_watch import Scope
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Refused, Writer
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi, Listing, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

API_SERVICES = ResourceType("apiregistration.k8s.io", "v1", "APIService", "apiservices", False)
# Where there is no parent yet, a run that was cut may have labelled these before it could create one.
FIRST_KINDS = frozenset({"Namespace", "CustomResourceDefinition.apiextensions.k8s.io"})


@dataclass(frozen=True)
class SetSettings:
    """``adopt``: take objects over from other sets. ``rules`` is None where nothing is to be deleted."""

    parent: Parent
    adopt: bool = False
    rules: PruneRules | None = None

    @property
    def conflict_rules(self) -> tuple[ConflictRule, ...]:
        """What adoption takes from other managers."""
        return (ConflictRule(f".metadata.labels['{applyset.PART_OF}']", Policy.TAKE),) if self.adopt else ()


@dataclass(frozen=True)
class SetTools:
    """What the engine of this run works with."""

    api: KubeApi
    writer: Writer
    gate: Gate
    progress: Progress
    pool: ThreadPoolExecutor
    wait: bool
    manager: str

    @property
    def check(self) -> bool:
        return self.writer.check


@dataclass(frozen=True)
class Finish:
    """What became of the parent and of the members beyond the manifests."""

    outcomes: tuple[Outcome, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class _Found:
    """Members in the cluster. ``unseen`` are kinds whose server does not answer, ``warnings`` say so."""

    members: dict[ObjectRef, Item] = field(default_factory=dict)
    live: Live = field(default_factory=Live)
    unseen: set[str] = field(default_factory=set)


class NoSet:
    """A run without an ApplySet: nothing is labelled, recorded or pruned."""

    def members(self, sourced: Sequence[Sourced]) -> Sequence[Sourced]:
        """The objects of the manifests as they are to be applied. Raises ManifestError."""
        return sourced

    def begin(self, _items: Iterable[Item]) -> list[Problem]:
        """Before anything is written; takes all objects of the manifests."""
        return []

    def strangers(self, _items: Iterable[Item], _live: Mapping[ObjectRef, KubeObject]) -> list[Problem]:
        """Which of the items that were just read belong to another set."""
        return []

    def widen(self) -> list[Problem]:
        """Before each stage, because the parent's namespace may come with the first one."""
        return []

    def begun(self) -> Sequence[Outcome]:
        """What was written for the set itself so far, for a run that ends early."""
        return ()

    def finish(self, _outcomes: Sequence[Outcome]) -> Finish:
        """After everything was applied and got ready."""
        return Finish()

    def retire(self, _outcomes: Sequence[Outcome]) -> Finish:
        """After the objects of the manifests were deleted."""
        return Finish()


class SetKeeper(NoSet):
    """One instance serves one run."""

    def __init__(self, settings: SetSettings, tools: SetTools) -> None:
        self._settings, self._tools = settings, tools
        self._set_id = settings.parent.id
        self._parent = ParentObject(tools.api, settings.parent, tools.manager, check=tools.check)
        self._items: tuple[Item, ...] = ()
        self._search = Extent()
        self._recorded = False

    def members(self, sourced: Sequence[Sourced]) -> Sequence[Sourced]:
        return applyset.labelled(self._settings.parent, sourced)

    def begin(self, items: Iterable[Item]) -> list[Problem]:
        self._items = tuple(items)
        problem = self._parent.load()
        before = self._parent.recorded if self._parent.exists else Extent(FIRST_KINDS)
        self._search = before | extent_of(item.ref for item in self._items)
        return [problem] if problem else []

    def strangers(self, items: Iterable[Item], live: Mapping[ObjectRef, KubeObject]) -> list[Problem]:
        if self._settings.adopt:
            return []
        found = ((item, applyset.member_of(live[item.ref])) for item in items if item.ref in live)
        return [_stranger(item, other) for item, other in found if other not in ("", self._set_id)]

    def widen(self) -> list[Problem]:
        if self._recorded:
            return []
        result = self._parent.widen(extent_of(item.ref for item in self._items))
        self._recorded = result is None or self._tools.check
        if isinstance(result, Delayed):
            return [] if self._namespace_comes() or self._tools.check else [self._homeless()]
        return [result] if result else []

    def begun(self) -> Sequence[Outcome]:
        return (self._parent.outcome(),) if self._recorded else ()

    def finish(self, outcomes: Sequence[Outcome]) -> Finish:
        # The namespace of the parent may have come with the last stage.
        if problems := self.widen():
            return Finish((), tuple(problems))
        if self._settings.rules is None:
            return Finish((self._parent.outcome(),))
        return self._prune(self._settings.rules, outcomes)

    def retire(self, outcomes: Sequence[Outcome]) -> Finish:
        if self._settings.rules is None or not self._parent.exists:
            return Finish()
        return self._prune(self._settings.rules, outcomes, last=True)

    def _prune(self, rules: PruneRules, outcomes: Sequence[Outcome], *, last: bool = False) -> Finish:
        try:
            found = self._found()
        except KubeError as error:
            text = f"not every member of the set can be seen, so none is deleted: {error}"
            return Finish((self._parent.outcome(),), (self._parent.problem(text, "PruneRefused"),))
        wanted = [item.ref for item in self._items]
        uids = [dig_text(outcome.live, "metadata", "uid") for outcome in outcomes if outcome.live]
        sorted_out = pruning(self._set_id, found.live.objects.values(), wanted, filter(None, uids), rules)
        kept = tuple(Outcome(found.members[ref_of(obj)], Method.KEPT, False, obj, notes=(why,)) for obj, why in sorted_out.kept)
        if sorted_out.refusal:
            return Finish((*kept, self._parent.outcome()), (self._parent.problem(sorted_out.refusal, "PruneRefused"),))
        removal = self._remove(found, [found.members[ref_of(obj)] for obj in sorted_out.delete])
        done = (*removal.outcomes, *kept)
        if removal.problems:
            return Finish((*done, self._parent.outcome()), removal.problems)
        return self._close(sorted_out, found, done, last=last)

    def _close(self, sorted_out: Pruning, found: _Found, done: tuple[Outcome, ...], *, last: bool) -> Finish:
        """Leaves in the record what is still there, and the parent only while it stands for something."""
        replaced = [o.item.ref for o in done if o.method is Method.KEPT]
        rest = extent_of((*sorted_out.stay, *replaced)) | Extent(frozenset(found.unseen))
        warnings = tuple(f"No server answers for {kind}; members of that kind stay recorded." for kind in sorted(found.unseen))
        if last and not rest.kinds:
            gone = self._tools.writer.delete(self._parent.item(), self._parent.item().obj)
            if isinstance(gone, Outcome):
                return Finish((*done, gone), (), warnings)
            return Finish(done, (gone.problem,) if gone else (), warnings)
        applied = Extent() if last else extent_of(item.ref for item in self._items)
        problem = self._parent.narrow(applied | rest)
        return Finish((*done, self._parent.outcome()), (problem,) if problem else (), warnings)

    def _remove(self, found: _Found, items: Sequence[Item]) -> Removal:
        tools, gate = self._tools, self._tools.gate.with_live(found.live)
        try:
            return Remover(self._delete, gate, found.live, tools.progress, tools.pool, tools.wait, tools.check).remove(items)
        finally:
            gate.close()

    def _delete(self, item: Item, live: KubeObject | None) -> Outcome | Refused | None:
        result = self._tools.writer.delete(item, live)
        if result is None:
            return None
        if isinstance(result, Refused):
            if result.problem.reason != "Conflict":
                return result
            return Outcome(item, Method.KEPT, False, live, notes=("it was replaced by another object of its name meanwhile",))
        note = "would be deleted" if self._tools.check else "deleted"
        return replace(result, method=Method.PRUNE, notes=(f"{note}: it left the manifests",))

    def _found(self) -> _Found:
        """One LIST per kind and namespace. Raises KubeError when any of them is refused."""
        kinds = {kind: self._type_of(kind) for kind in sorted(self._search.kinds)}
        scopes: list[Scope] = []
        for served in filter(None, kinds.values()):
            scopes += [(served, ns) for ns in sorted(self._search.namespaces)] if served.namespaced else [(served, None)]
        selector = Selector(labels=f"{applyset.PART_OF}={self._set_id}")
        found = _Found(unseen={kind for kind, served in kinds.items() if served is None})
        for scope, listing in zip(scopes, self._tools.pool.map(lambda scope: self._list(scope, selector), scopes), strict=True):
            if listing is None:
                found.unseen.add(applyset.group_kind(scope[0]))
                continue
            found.live.versions[scope] = (listing.resource_version or None, selector)
            for obj in listing.items:
                found.live.objects[ref_of(obj)] = obj
                found.members[ref_of(obj)] = Item(obj, ref_of(obj), SOURCE, scope[0])
        return replace(found, unseen=set(filter(self._hidden, found.unseen)))

    def _list(self, scope: Scope, selector: Selector) -> Listing | None:
        """None where the kind turns out to be served no more."""
        try:
            return self._tools.api.list(*scope, selector)
        except ApiError as error:
            if error.status != NOT_FOUND or self._tools.api.discovery().recheck(scope[0]) is not None:
                raise
            return None

    def _type_of(self, kind: str) -> ResourceType | None:
        name, _dot, group = kind.partition(".")
        return self._tools.api.discovery().find_group_kind(group, name)

    def _hidden(self, kind: str) -> bool:
        """Whether a kind that nobody serves may come back with its objects: its extension server is down, not removed."""
        group = kind.partition(".")[2]
        try:
            services = self._tools.api.list(API_SERVICES, None).items
        except ApiError:
            return True
        return any(dig(s, "spec", "group") == group and dig(s, "spec", "service") for s in services)

    def _namespace_comes(self) -> bool:
        return any(item.ref.key == ("", "Namespace", "", self._settings.parent.namespace) for item in self._items)

    def _homeless(self) -> Problem:
        text = f"its namespace {self._settings.parent.namespace} does not exist. Create it first, or correct applyset.namespace"
        return self._parent.problem(text, "NotFound")


def _stranger(item: Item, other: str) -> Problem:
    text = (
        f"is a member of another ApplySet ({applyset.PART_OF}: {other}). Apply it with that set, or set applyset.adopt to take it"
    )
    return Problem(item.ref, item.source, text, "ApplySetRefused")
