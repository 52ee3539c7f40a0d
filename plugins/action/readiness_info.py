# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``readiness_info``: keeps a kubeconfig that is given as a mapping out of every log."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import readiness_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import (
    connection_options,
    sealed_connection,
    wait_options,
)
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process

MODULE = in_process.Module(
    "autotrade.deployment.readiness_info",
    readiness_module.argument_spec(connection_options(), wait_options()),
    readiness_module.run,
)


class ActionModule(ActionBase):
    """Hands the arguments on."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result | in_process.answered(self, MODULE, sealed_connection(self._task.args), task_vars or {})
