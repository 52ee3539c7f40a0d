# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``readiness_info``: keeps a kubeconfig that is given as a mapping out of every log."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import sealed_connection


class ActionModule(ActionBase):
    """Hands the arguments on."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = sealed_connection(self._task.args)
        name = "autotrade.deployment.readiness_info"
        answer: dict[str, Any] = self._execute_module(module_name=name, module_args=args, task_vars=task_vars)
        return result | answer
