# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of ``cluster_objects``: renders a role's templates, then exports them or hands them to the module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

SUFFIX = ".j2"


class ActionModule(ActionBase):
    """``template`` names files or directories below the role's ``templates``; a directory means every ``*.yaml.j2`` in it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = dict(self._task.args)
        files = {path: self._render(path, variables) for path in self._templates(args.pop("template", None))}
        if args.get("state") == "exported":
            return result | self._export(files, Path(args["export_dir"]))
        args["definition"] = [*files.values(), *_as_list(args.get("definition"))]
        return result | self._execute_module(
            module_name="autotrade.deployment.cluster_objects", module_args=args, task_vars=variables
        )

    def _templates(self, names: Any) -> list[Path]:
        paths: list[Path] = []
        for name in _as_list(names):
            found = Path(self._find_needle("templates", name))
            paths += sorted(found.glob(f"*.yaml{SUFFIX}")) if found.is_dir() else [found]
        return paths

    def _render(self, path: Path, variables: dict[str, Any]) -> str:
        lookup = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        return str(lookup.run([str(path)], variables=variables)[0])

    def _export(self, files: dict[Path, str], directory: Path) -> dict[str, Any]:
        if self._task._role is None:
            raise AnsibleActionFail("state: exported works inside a role, whose name becomes the folder's name")
        folder = directory / self._task._role.get_name().rsplit(".", 1)[-1]
        written = {folder / path.name.removesuffix(SUFFIX): text for path, text in files.items()}
        changed = {path: text for path, text in written.items() if not path.exists() or path.read_text() != text}
        if not self._task.check_mode:
            for path, text in changed.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return {"changed": bool(changed), "files": sorted(map(str, written))}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
