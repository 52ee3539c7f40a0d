# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``cluster_objects``: renders a role's templates, then exports them or hands them to the module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import sealed_connection
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process, object_text, progress

MODULE = "autotrade.deployment.cluster_objects"
SUFFIX = ".j2"
INLINE = ("definition", "resource_definition", "definitions", "inline")
# What is over sooner needs no progress.
QUIET_S = 2.0


class SharedVariables(dict[str, Any]):
    """A task's variables for the template lookup, which copies all of them deeply for every file: most of a run's time.

    The lookup only adds keys to its copy, so a shallow one serves as well.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return dict(self)


class ActionModule(ActionBase):
    """``template`` names files or directories below the role's ``templates``; a directory means every ``*.yaml.j2`` in it."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = dict(self._task.args)
        files = {path: self._render(path, variables) for path in self._templates(args.pop("template", None))}
        export_dir = args.pop("export_dir", None)
        if args.get("state") == "exported":
            return result | self._export(files, export_dir)
        try:
            docs = [*self._documents(files), *self._given(args)]
            if docs:
                args["definition"] = object_text.sealed(docs)
        except ManifestError as error:
            raise AnsibleActionFail(str(error)) from None
        return result | self._apply(sealed_connection(args), variables)

    def _apply(self, args: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        # Progress crosses a file, so it can be followed only where module and controller share one.
        local = self._connection.transport == "local" and args.get("progress_file") is None
        shown = progress.shown(Display().display, described) if local else nullcontext(None)
        with shown as path:
            if path is not None:
                args["progress_file"] = str(path)
            if in_process.possible(self, variables):
                return in_process.run(args, self._task.check_mode, self._task.diff)
            result: dict[str, Any] = self._execute_module(module_name=MODULE, module_args=args, task_vars=variables)
        return result

    def _templates(self, names: Any) -> list[Path]:
        paths: list[Path] = []
        for name in _as_list(names):
            found = Path(self._find_needle("templates", name["path"] if isinstance(name, Mapping) else name))
            paths += sorted(found.glob(f"*.yaml{SUFFIX}")) if found.is_dir() else [found]
        return paths

    def _render(self, path: Path, variables: dict[str, Any]) -> str:
        lookup = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        try:
            rendered = lookup.run([str(path)], variables=SharedVariables(variables))[0]
        except Exception as error:
            reason, cause = object_text.why_not_rendered(path.read_text(encoding="utf-8"), error)
        else:
            # ansible-core 2.18 marks what came from a lookup by a subclass of str, which str() keeps and the YAML parser refuses.
            return str.__str__(rendered)
        # Raised out here, because ansible-core 2.18 quotes whatever error is being handled.
        raise AnsibleActionFail(f"The template {self._origin(path)} cannot be rendered: {reason}") from cause

    def _documents(self, files: Mapping[Path, str]) -> Iterator[tuple[str, Any]]:
        for path, text in files.items():
            yield from object_text.documents(self._origin(path), text)

    def _given(self, args: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for source in _as_list(args.pop("src", None)):
            path = Path(self._find_needle("files", source))
            yield from object_text.documents(self._origin(path), path.read_text(encoding="utf-8"))
        for name in INLINE:
            if args.get(name) is not None:
                yield from object_text.inline(args[name])
            args.pop(name, None)

    def _origin(self, path: Path) -> str:
        """The file as its reader knows it: below the folder of its role, such as ``database/templates/objects/pg.yaml.j2``."""
        parts = path.parts
        return "/".join(parts[parts.index("roles") + 1 :]) if "roles" in parts else str(path)

    def _export(self, files: dict[Path, str], directory: str | None) -> dict[str, Any]:
        if self._task._role is None or directory is None:
            raise AnsibleActionFail("state: exported works inside a role, whose name becomes the folder's name below export_dir")
        folder = Path(directory) / self._task._role.get_name().rsplit(".", 1)[-1]
        written = {folder / path.name.removesuffix(SUFFIX): text for path, text in files.items()}
        changed = {path: text for path, text in written.items() if not path.exists() or path.read_text() != text}
        if not self._task.check_mode:
            for path, text in changed.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return {"changed": bool(changed), "files": sorted(map(str, written))}


def described(line: Mapping[str, Any]) -> str:
    """``[wave 3/7, 12 of 20 ready] workloads: ...``; empty while it is too early to bother anyone."""
    if float(line.get("time", 0)) < QUIET_S:
        return ""
    return f"  [wave {line['wave']}/{line['waves']}, {line['ready']} of {line['total']} ready] {line['message']}"


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
