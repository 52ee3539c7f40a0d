# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``cluster_objects``: renders a role's templates, then exports them or hands them to the module."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import (
    connection_options,
    sealed_connection,
    wait_options,
)
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process, object_text, progress
from ansible_collections.autotrade.deployment.plugins.plugin_utils.object_sources import SUFFIX, ObjectSources

MODULE = in_process.Module(
    "autotrade.deployment.cluster_objects", apply_module.argument_spec(connection_options(), wait_options()), apply_module.run
)
EXPORTS = ("exported", "rendered")
# What is over sooner needs no progress.
QUIET_S = 2.0


class ActionModule(ActionBase):
    """``template`` names files or directories below the role's ``templates``; a directory means every ``*.yaml.j2`` in it."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = dict(self._task.args)
        sources = ObjectSources(self, variables)
        files = sources.rendered(args.pop("template", None))
        export_dir = args.pop("export_dir", None)
        if args.get("state") in EXPORTS:
            return result | self._export(files, export_dir, scratch=args["state"] == "rendered")
        try:
            docs = list(sources.documents(files, args))
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
            return in_process.answered(self, MODULE, args, variables)

    def _export(self, files: dict[Path, str], directory: str | None, *, scratch: bool) -> dict[str, Any]:
        if self._task._role is None or directory is None:
            state = self._task.args["state"]
            raise AnsibleActionFail(f"state: {state} works inside a role, whose name becomes the folder's name below export_dir")
        folder = Path(directory) / self._task._role.get_name().rsplit(".", 1)[-1]
        written = {folder / path.name.removesuffix(SUFFIX): text for path, text in files.items()}
        changed = {path: text for path, text in written.items() if not path.exists() or path.read_text() != text}
        if scratch or not self._task.check_mode:
            for path, text in changed.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return {"changed": bool(changed) and not scratch, "files": sorted(map(str, written))}


def described(line: Mapping[str, Any]) -> str:
    """``[wave 3/7, 12 of 20 ready] workloads: ...``; empty while it is too early to bother anyone."""
    if float(line.get("time", 0)) < QUIET_S:
        return ""
    return f"  [wave {line['wave']}/{line['waves']}, {line['ready']} of {line['total']} ready] {line['message']}"
