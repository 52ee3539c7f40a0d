# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one connection to an API server needs, wherever it came from."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False)
class Login:
    """All that a connection needs. PEM in bytes, never a path, so that nothing changes under a running task.

    ``token_is_ours``: the token was given out for this run alone, so it is to be revoked when the run ends.
    """

    host: str
    verify: bool = True
    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    token: str | None = None
    token_is_ours: bool = False
    username: str | None = None
    password: str | None = None
    server_name: str | None = None
    proxy: str | None = None
    no_proxy: str | None = None
    proxy_headers: Mapping[str, Any] | None = None
    namespace: str | None = None
    impersonate_user: str | None = None
    impersonate_groups: tuple[str, ...] = ()

    def headers(self) -> list[tuple[str, str]]:
        """Authorization and impersonation; a group per header line, because the API server does not split at commas."""
        pairs: list[tuple[str, str]] = []
        if self.token:
            pairs.append(("Authorization", f"Bearer {self.token}"))
        elif self.username is not None:
            basic = base64.b64encode(f"{self.username}:{self.password or ''}".encode()).decode()
            pairs.append(("Authorization", f"Basic {basic}"))
        if self.impersonate_user:
            pairs.append(("Impersonate-User", self.impersonate_user))
        pairs.extend(("Impersonate-Group", group) for group in self.impersonate_groups)
        return pairs
