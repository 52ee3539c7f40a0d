# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``simulated_cluster``: runs it in the process of the controller where it would run there anyway."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_module import ARGUMENTS, REQUIRED_IF, run
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process

MODULE = in_process.Module("autotrade.deployment.simulated_cluster", ARGUMENTS, run, REQUIRED_IF)


class ActionModule(ActionBase):
    """The module's result is the answer."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result | in_process.answered(self, MODULE, self._task.args, task_vars or {})
