# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``requirements_info``: runs the module, then shows what a person wants to read on the terminal."""

from __future__ import annotations

import sys
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import requirements
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, sealed_connection
from ansible_collections.autotrade.deployment.plugins.plugin_utils import in_process
from ansible_collections.autotrade.deployment.plugins.plugin_utils.verification import Facts, shown

MODULE = in_process.Module(
    "autotrade.deployment.requirements_info", requirements.argument_spec(connection_options()), requirements.run
)
display = Display()


class ActionModule(ActionBase):
    """Shows the table when the module has answered; its result is the module's own."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        args = sealed_connection(self._task.args)
        result |= in_process.answered(self, MODULE, args, task_vars or {})
        if not result.get("failed"):
            kubeconfig = args.get("kubeconfig")
            report = None if self._task.check_mode else result.get("report")
            facts = Facts(result["findings"], result["components"], result["nodes"], str(kubeconfig or ""), str(report or ""))
            display.display(shown(facts, terminal=sys.stdout.isatty(), width=display.columns))
        return dict(result)
