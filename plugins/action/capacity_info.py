# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``capacity_info``: gathers the wanted objects, runs the module, shows what a person wants to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import capacity_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, sealed_connection
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process, object_text
from ansible_collections.autotrade.deployment.plugins.plugin_utils.capacity_table import shown
from ansible_collections.autotrade.deployment.plugins.plugin_utils.object_sources import INLINE, ObjectSources

MODULE = in_process.Module(
    "autotrade.deployment.capacity_info", capacity_module.argument_spec(connection_options()), capacity_module.run
)
SOURCES = ("template", "src", "export_dir", *INLINE)

display = Display()


class ActionModule(ActionBase):
    """Takes objects as ``cluster_objects`` does, and a whole tree of them as ``playbooks/export.yml`` writes it."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables, args = task_vars or {}, dict(self._task.args)
        if any(args.get(name) is not None for name in SOURCES):
            try:
                args["definition"] = object_text.sealed(list(self._documents(args, variables)))
            except ManifestError as error:
                raise AnsibleActionFail(str(error)) from None
        result |= in_process.answered(self, MODULE, sealed_connection(args), variables)
        if not result.get("failed"):
            display.display(shown(result, terminal=sys.stdout.isatty(), width=display.columns))
        return result

    def _documents(self, args: dict[str, Any], variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        sources = ObjectSources(self, variables)
        tree = args.pop("export_dir", None)
        files = sources.rendered(args.pop("template", None))
        yield from sources.documents(files, args)
        if tree is not None:
            folder = Path(tree).expanduser()
            if not folder.is_dir():
                raise AnsibleActionFail(
                    f"export_dir: {folder} is no folder; playbooks/export.yml writes one. Correct export_dir."
                )
            yield from sources.manifests(folder)
