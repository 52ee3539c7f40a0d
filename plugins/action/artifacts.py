# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``artifacts``: shows what is being built or downloaded while it happens."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.plugin_utils.progress import shown

_MODULE = "autotrade.deployment.artifacts"
_LOCAL = ("local", "ansible.builtin.local")


class ActionModule(ActionBase):
    """Runs the module; on the controller itself its progress is followed line by line."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = dict(self._task.args)
        if args.get("progress_file") or self._connection.transport not in _LOCAL:
            return result | self._call(args, task_vars)
        with shown(Display().display) as file:
            return result | self._call(args | {"progress_file": str(file)}, task_vars)

    def _call(self, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(module_name=_MODULE, module_args=args, task_vars=task_vars)
        return answer
