# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects that a task names: templates of its role, files and folders on the controller, what stands in the task itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import lookup_loader
from ansible_collections.autotrade.deployment.plugins.plugin_utils import object_text

SUFFIX = ".j2"
INLINE = ("definition", "resource_definition", "definitions", "inline")
MANIFESTS = (".yaml", ".yml", ".json")


class SharedVariables(dict[str, Any]):
    """A task's variables for the template lookup, which copies all of them deeply for every file: most of a run's time.

    The lookup only adds keys to its copy, so a shallow one serves as well.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return dict(self)


class ObjectSources:
    """Finds and reads for one task. ``action`` is the task's action plugin."""

    def __init__(self, action: Any, variables: dict[str, Any]) -> None:
        self._action = action
        self._variables = variables

    def rendered(self, names: Any) -> dict[Path, str]:
        """Text by template; a directory stands for every ``*.yaml.j2`` in it. Raises AnsibleActionFail."""
        return {path: self._render(path) for path in self._templates(names)}

    def documents(self, files: Mapping[Path, str], args: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """``(source, document)`` of rendered files, then of the options ``src`` and ``definition``, which leave ``args``.

        Raises ManifestError.
        """
        for path, text in files.items():
            yield from object_text.documents(self._origin(path), text)
        for source in as_list(args.pop("src", None)):
            yield from self.manifests(Path(self._action._find_needle("files", source)))
        for name in INLINE:
            if args.get(name) is not None:
                yield from object_text.inline(args[name])
            args.pop(name, None)

    def manifests(self, path: Path) -> Iterator[tuple[str, Any]]:
        """The documents of a file, or of every manifest below a folder, sorted by path. Raises ManifestError."""
        files = sorted(one for one in path.rglob("*") if one.suffix in MANIFESTS and one.is_file()) if path.is_dir() else [path]
        for file in files:
            source = self._origin(file)
            yield from object_text.documents(source, object_text.read(source, file))

    def _templates(self, names: Any) -> list[Path]:
        paths: list[Path] = []
        for name in as_list(names):
            wanted = name["path"] if isinstance(name, Mapping) else name
            found = Path(self._action._find_needle("templates", wanted))
            paths += sorted(found.glob(f"*.yaml{SUFFIX}")) if found.is_dir() else [found]
        return paths

    def _render(self, path: Path) -> str:
        lookup = lookup_loader.get("ansible.builtin.template", loader=self._action._loader, templar=self._action._templar)
        try:
            rendered = lookup.run([str(path)], variables=SharedVariables(self._variables))[0]
        except Exception as error:
            reason, cause = object_text.why_not_rendered(path.read_text(encoding="utf-8"), error)
        else:
            # ansible-core 2.18 marks what came from a lookup by a subclass of str, which str() keeps and the YAML parser refuses.
            return str.__str__(rendered)
        # Raised out here, because ansible-core 2.18 quotes whatever error is being handled.
        raise AnsibleActionFail(f"The template {self._origin(path)} cannot be rendered: {reason}") from cause

    def _origin(self, path: Path) -> str:
        """The file as its reader knows it: below the folder of its role, such as ``database/templates/objects/pg.yaml.j2``."""
        parts = path.parts
        return "/".join(parts[parts.index("roles") + 1 :]) if "roles" in parts else str(path)


def as_list(value: Any) -> list[Any]:
    """One thing, several or none."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
