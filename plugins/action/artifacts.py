# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``artifacts``: shows what is being built or downloaded while it happens."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import supply_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_options import ARGUMENT_SPEC
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process
from ansible_collections.autotrade.deployment.plugins.plugin_utils.progress import shown

MODULE = in_process.Module("autotrade.deployment.artifacts", ARGUMENT_SPEC, supply_module.run)
_LOCAL = ("local", "ansible.builtin.local")


class ActionModule(ActionBase):
    """Runs the module; on the controller itself its progress is followed line by line."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        args, variables = dict(self._task.args), task_vars or {}
        if args.get("progress_file") or self._connection.transport not in _LOCAL:
            return result | in_process.answered(self, MODULE, args, variables)
        with shown(Display().display) as file:
            return result | in_process.answered(self, MODULE, args | {"progress_file": str(file)}, variables)
