# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a refusal of the API server says to a person: without secrets, and with what to change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import Conflict
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import masked_texts
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import Policy
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import SILENT_WEBHOOK
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import is_secret, secret_fields
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_text import (
    SHORTEST,
    forms,
    hidden,
    no_base64,
    refusal,
    values,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

_TOO_LARGE = (
    "Split the object, or take large content out of it (to an image or a volume): Kubernetes stores at most 1 MiB in a ConfigMap"
    " or Secret, and 1.5 MB in any object"
)
_FIELD = "Correct the field in the manifest, or remove it"
# What the words of a refusal ask for; the first that fits wins over what its status alone says.
_WORDS = (
    (re.compile(r"more than 1048576 bytes|too large|larger than max"), _TOO_LARGE),
    (
        SILENT_WEBHOOK,
        "The admission webhook {name} does not answer: repair its service, or delete its configuration",
    ),
    (
        re.compile(r'admission webhook "(?P<name>[^"]+)" denied'),
        "Change the manifest as the admission webhook {name} asks, or its configuration where the webhook is wrong",
    ),
    (
        re.compile(r"exceeded quota: (?P<name>[^,\s]+)"),
        "Raise the ResourceQuota {name} of the namespace, or ask for less in the manifest",
    ),
    (
        re.compile(r'violates PodSecurity "(?P<name>[^"]+)"'),
        "Set the fields that are named, or change the level {name} in the namespace's label pod-security.kubernetes.io/enforce",
    ),
    # With these a manifest's slips are answered as errors of the server (500).
    (re.compile(r"failed to create typed patch object|error decoding|unable to convert unstructured"), _FIELD),
    (re.compile(r"because it is being terminated"), "Wait until the namespace is gone, then run again"),
    (
        re.compile(r"cannot (?P<name>\w+) resource"),
        "Grant the user the right to {name} it (Role and RoleBinding), or choose other credentials (kubeconfig, api_key)",
    ),
)
_REMEDIES = {
    400: _FIELD,
    401: "The credentials are refused or have expired: renew api_key, client_cert or the kubeconfig",
    403: "Grant the right to the user, or change what the policy, quota or pod security level forbids",
    404: "Add the missing object to the set or create it first, or correct the name (metadata.namespace, option namespace)",
    409: "Others write the object at the same time: run again; remove metadata.resourceVersion where the manifest has it",
    413: _TOO_LARGE,
    422: "Correct the field in the manifest; where it cannot be changed on a living object, delete the object first",
    429: "The API server was busy for as long as we kept trying: run again, or raise its limits",
}


_PASSING = "The API server itself has a problem: look at its log and at etcd, and run again"
INTERNAL_ERROR = 500


class Redactor:
    """Knows every value of a Secret, and every value that hidden_fields names, that this run has seen."""

    def __init__(self, masks: Sequence[str]) -> None:
        self._masks = tuple(masks)
        self._secrets: dict[str, None] = {}

    def remember(self, obj: KubeObject) -> None:
        """Takes in what of this object nobody may see."""
        if is_secret(obj):
            self._secrets.update(dict.fromkeys(values(obj)))
        if self._masks:
            self._secrets.update(dict.fromkeys(text for text in masked_texts(obj, self._masks) if len(text) >= SHORTEST))

    def hide(self, text: str) -> str:
        """The text without any of these values."""
        return hidden(text, self._secrets)

    def explained(self, obj: KubeObject, error: ApiError) -> str:
        """The server's words about this object, and what to change."""
        self._secrets.update(dict.fromkeys(form for _path, text in secret_fields(obj) for form in forms(text)))
        text = self.hide(error.message)
        if is_secret(obj):
            text = refusal(text)
        if "illegal base64 data" in text:
            text = f"{text} (field {', '.join(no_base64(obj)) or 'unknown'})"
        remedy = _remedy(error)
        return f"{text.rstrip('.')}. {remedy}" if remedy else text


def with_remedy(error: KubeError) -> str:
    """What the server or the network said, and what to change; for what is about no single object."""
    remedy = _remedy(error) if isinstance(error, ApiError) else ""
    return f"{str(error).rstrip('.')}. {remedy}" if remedy else str(error)


def _remedy(error: ApiError) -> str:
    for words, remedy in _WORDS:
        if match := words.search(error.message):
            return remedy.format(**match.groupdict())
    return _REMEDIES.get(error.status, _PASSING if error.status >= INTERNAL_ERROR else "")


def conflict_text(conflicts: Iterable[Conflict]) -> str:
    """What to do about conflicts that no rule decides."""
    open_ = [conflict for conflict in conflicts if conflict.decided is Policy.FAIL]
    listed = "; ".join(map(str, open_))
    rule = f"conflicts: [{{path: '{open_[0].path}', policy: take}}]"
    return (
        f"another manager holds fields with other values: {listed}. Take the fields out of the manifest, or add a rule such as"
        f" {rule} (or policy yield, to leave them), or set field_manager when that manager was an earlier name of ours"
    )
