# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images of registries, by way of skopeo, which knows every way to sign in, every mirror and every proxy."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Problem,
    SupplyError,
    UnreachableError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_command import (
    Beat,
    Ended,
    run_command,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    no_space,
)

#: skopeo's last line is a log entry; its message is enough.
_FIELDS = re.compile(r'^time=\S+ level=\w+ msg="|"$')
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Registry:
    """How registries are asked: the skopeo command, and the file with the credentials, if one was named."""

    skopeo: str = "skopeo"
    auth_file: Path | None = None

    def check(self, labels: Sequence[str]) -> str:
        """The path of skopeo.

        :raises SupplyError: that names every way out when it, or the file with the credentials, is missing.
        """
        if self.auth_file and not os.access(self.auth_file, os.R_OK):
            expected = "a file with credentials that can be read, as `skopeo login` writes it"
            remedy = "Correct artifact_store_registry_auth_file."
            raise SupplyError(Problem(str(self.auth_file), "no such file, or no right to read it", expected, remedy))
        found = shutil.which(self.skopeo)
        if found:
            return found
        remedy = (
            "Ways out: install the package skopeo, or name the command by artifact_store_skopeo; or copy a filled store to"
            " artifact_store_dir; or leave the image out of artifact_store_names."
        )
        raise SupplyError(Problem("skopeo", f"no skopeo at {self.skopeo!r}", f"it, to fetch {', '.join(labels)}", remedy))

    def fetch(self, image: str, arch: str, folder: Path, beat: Beat) -> None:
        """Put the image, ``repository@digest``, into ``folder``.

        The transport ``dir`` keeps the manifest as it is, so that the digest stays the one that the lock pins and pods name; on
        the way to an ``oci-archive`` skopeo would convert Docker's manifests.

        :raises UnreachableError: when the registry does not answer.
        :raises SupplyError: when it does not give the image.
        """
        platform = ["--override-os", "linux", "--override-arch", arch]
        flags = ["--quiet", "--retry-times", "2", *self._flags("--src-tls-verify", image)]
        self._run([*platform, "copy", *flags, f"docker://{image}", f"dir:{folder}"], image, folder.parent, beat)

    def inspect(self, image: str) -> str:
        """The manifest or index of ``repository:tag`` as the registry gives it.

        :raises UnreachableError: when the registry does not answer.
        :raises SupplyError: when it does not give it.
        """
        flags = ["--raw", *self._flags("--tls-verify", image)]
        return self._run(["inspect", *flags, f"docker://{image}"], image, Path("/"), lambda: None)

    def _flags(self, tls_verify: str, image: str) -> list[str]:
        # As with downloads: plain HTTP only where nobody can be in between.
        plain = [f"{tls_verify}=false"] if re.split("[:/]", image, maxsplit=1)[0] in _LOOPBACK else []
        return [*plain, *(["--authfile", str(self.auth_file)] if self.auth_file else [])]

    def _run(self, arguments: Sequence[str], image: str, cwd: Path, beat: Beat) -> str:
        ended = run_command([self.check([image]), *arguments], cwd, os.environ, beat)
        if ended.code:
            raise _failure(image, cwd, ended)
        return ended.output


def _failure(image: str, cwd: Path, ended: Ended) -> SupplyError:
    tail = _FIELDS.sub("", ended.tail(1)).replace('\\"', '"')
    if ended.full_disk:
        return no_space(cwd, "artifact_store_cache_dir", f"a full disk while {image} was fetched: {tail}")
    remedy = (
        "Nothing was kept. Check the reference and the digest in the lock file, the way to the registry, and the credentials in"
        " the file that artifact_store_registry_auth_file names."
    )
    problem = Problem(image, f"skopeo ended with {ended.code}: {tail}", "the image", remedy)
    return UnreachableError(problem) if ended.unreachable else SupplyError(problem)
