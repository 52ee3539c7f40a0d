"""A message that names a setting names one that exists."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[6]
CHECKS = ROOT / "plugins" / "module_utils" / "core" / "requirements"
# Functions and modules whose names begin like a role's; they are not settings.
NOT_SETTINGS = {"database_budget"}


def test_settings_in_messages_exist() -> None:
    roles = [path.name for path in (ROOT / "roles").iterdir()]
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(roles))})_[a-z_]*[a-z]\b")
    known = {
        key for path in ROOT.glob("roles/*/defaults/main.yml") for key in yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    }
    named = {name for path in CHECKS.glob("*.py") for name in pattern.findall(path.read_text(encoding="utf-8"))}
    assert named - known - NOT_SETTINGS == set()
