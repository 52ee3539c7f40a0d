"""The registry holds the checks of every file, whoever else imports it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements import evaluation


def test_every_file_with_checks_is_imported() -> None:
    folder = Path(evaluation.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if "\n@check(" in path.read_text(encoding="utf-8")}
    assert len(files) > 10
    assert files <= set(vars(evaluation)), "evaluation.py has to import each file that has checks"
