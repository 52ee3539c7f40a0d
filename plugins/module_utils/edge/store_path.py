# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the artifact store lies unless a setting says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def store_path(environment: Mapping[str, str]) -> Path:
    """``$AUTOTRADE_STORE``, else ``autotrade/store`` below ``$XDG_CACHE_HOME`` or ``~/.cache``. What is empty is not set."""
    cache = environment.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(environment.get("AUTOTRADE_STORE") or f"{cache}/autotrade/store")
