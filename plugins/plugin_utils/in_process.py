# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the body of a module inside the controller's own process where the module would run on the controller anyway.

Packing a module, starting an interpreter and importing everything anew costs more than a set without changes takes. What
is imported here is loaded once by the strategy and inherited by every worker.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.display import Display
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import missing_library
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending

# Thousands of objects live until the body ends; the interpreter's usual 700 has it look through them again and again for cycles.
COLLECT_AFTER = (100_000, 50, 1000)

Body = Callable[[Mapping[str, Any], bool, bool], Ending]


@dataclass(frozen=True)
class Module:
    """A module that can also run here: its full name, its options, what it runs, and options that others make necessary."""

    name: str
    specification: Mapping[str, Any]
    body: Body
    required_if: Sequence[tuple[str, Any, Sequence[str]]] = ()


def answered(action: Any, module: Module, args: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """What the module answers: from here where that is the same, else from its host."""
    if possible(action, variables):
        return run(module, args, action._task)
    result: dict[str, Any] = action._execute_module(module_name=module.name, module_args=dict(args), task_vars=variables)
    return result


def possible(action: Any, variables: Mapping[str, Any]) -> bool:
    """Whether host, user, interpreter and environment of the module would be exactly ours."""
    task = action._task
    if action._connection.transport != "local" or action._connection.become or task.async_val or any(task.environment or ()):
        return False
    return _same_file(_interpreter(action, variables)) and missing_library() is None


def _interpreter(action: Any, variables: Mapping[str, Any]) -> str:
    host = action._task.delegate_to
    own = variables.get("ansible_delegated_vars", {}).get(host, {}) if host else variables
    return str(action._templar.template(own.get("ansible_python_interpreter", "")))


def _same_file(interpreter: str) -> bool:
    # Not by real path: two virtual environments may share one binary and have other packages.
    return os.path.abspath(interpreter or ".") == os.path.abspath(sys.executable)  # noqa: PTH100 - links must stay


def run(module: Module, args: Mapping[str, Any], task: Any) -> dict[str, Any]:
    """The module's result; arguments are checked by the module's own specification."""
    checked = ArgumentSpecValidator(module.specification, required_if=module.required_if).validate(dict(args))
    if checked.error_messages:
        raise AnsibleActionFail(", ".join(checked.error_messages))
    with patient_collector():
        ending = module.body(checked.validated_parameters, task.check_mode, task.diff)
    for warning in dict.fromkeys(ending.warnings):
        Display().warning(warning)
    return {**ending.result, "failed": ending.failed, "changed": ending.result.get("changed", False)}


@contextmanager
def patient_collector() -> Iterator[None]:
    """The cycle collector runs more seldom: a quarter of the processor time of a run that changes nothing."""
    usual = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
