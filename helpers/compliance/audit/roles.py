"""Who may state what: the list of functionaries that the root key signs.

A collector has no part in it: its key is made by its owner and put into the list by whoever holds the root key. The
verifier has the root's public key from elsewhere (``--root``) and believes no other list. The list is a DSSE envelope
in the log's file ``collectors``; what it means is judged by the verifier in Go (``toolchain/audit-log/roles.go``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from helpers.compliance.audit.errors import AuditError
from helpers.compliance.audit.retention import DAYS
from helpers.compliance.audit.types import Action
from helpers.core import strict_json

_TYPE, PAYLOAD_TYPE = "https://acme.test/functionaries/v1", "application/vnd.acme.functionaries+json"
_LIMIT = 1 << 20
_PIPELINE = (
    Action.PLAN,
    Action.APPLY,
    Action.POLICY_DECISION,
    Action.PROMOTION,
    Action.DRIFT,
    Action.BREAK_GLASS,
    Action.SIGN,
    Action.VERIFY,
)
#: What each part of the platform may state. Who records the work does not record its approval; who may let content go,
#: or keep it, records nothing else.
HOUSE: Mapping[str, Sequence[Action]] = MappingProxyType(
    {
        "platform": (*_PIPELINE, Action.SECRET_ACCESS),
        "pipeline": _PIPELINE,
        "forge": (Action.APPROVAL, Action.POLICY_DECISION, Action.PROMOTION, Action.BREAK_GLASS, Action.VERIFY),
        "vault": (Action.SECRET_ACCESS,),
        "kubernetes": (Action.APPLY, Action.POLICY_DECISION, Action.SECRET_ACCESS),
        "response": (Action.BREAK_GLASS, Action.POLICY_DECISION, Action.SECRET_ACCESS, Action.VERIFY),
        "controls": (Action.POLICY_DECISION, Action.VERIFY),
        "records": (Action.RETENTION,),
        "legal": (Action.LEGAL_HOLD,),
    }
)
#: Who signs that content may go, and who that it must not.
RECORDS, LEGAL = "records", "legal"


@dataclass(frozen=True)
class Functionary:
    """A key and what it may state.

    Attributes:
        key: public note key, ``NAME+HASH+BASE64``. may: actions.
        start, until: the entries it counts for; ``until`` is the first it does not, ``None`` for no end.
    """

    key: str
    may: tuple[str, ...]
    start: int = 0
    until: int | None = None

    @property
    def name(self) -> str:
        """Of the collector."""
        return self.key.split("+", 1)[0]


@dataclass(frozen=True)
class Roles:
    """A list of functionaries, as it was signed.

    Attributes:
        version: grows with each change; a verifier refuses an older one than it knows.
        functionaries: who may state what.
        witnesses: public keys (c2sp.org/tlog-cosignature), and how many of them must cosign a checkpoint.
    """

    version: int
    functionaries: tuple[Functionary, ...]
    witnesses: tuple[str, ...] = ()
    quorum: int = 0

    def of(self, key: str) -> Functionary | None:
        """Return what a key may state."""
        return next((one for one in self.functionaries if one.key == key), None)

    def with_functionary(self, one: Functionary) -> Roles:
        """Return the next version, with this key in the place of what was said about it."""
        rest = tuple(other for other in self.functionaries if other.key != one.key)
        return replace(self, version=self.version + 1, functionaries=(*rest, one))

    def to_json(self, origin: str) -> bytes:
        """Return what is signed."""
        listed = [
            {"key": one.key, "may": list(one.may), "from": one.start}
            | ({} if one.until is None else {"until": one.until})
            for one in self.functionaries
        ]
        said = {
            "_type": _TYPE,
            "origin": origin,
            "version": self.version,
            "functionaries": listed,
            "minimumDays": dict(DAYS),
            "witnesses": {"quorum": self.quorum, "keys": list(self.witnesses)},
        }
        return json.dumps(said, separators=(",", ":")).encode()


def read(text: bytes) -> Roles:
    """Return what a list says; it verifies no signature.

    Raises:
        AuditError: it is not a list of functionaries.
    """
    try:
        envelope = strict_json.load(text, limit=_LIMIT)
        said = strict_json.load(base64.b64decode(envelope["payload"], validate=True), limit=_LIMIT)
        listed = tuple(_functionary(raw) for raw in said["functionaries"])
        witnesses = said["witnesses"]
        return Roles(said["version"], listed, tuple(witnesses["keys"]), witnesses["quorum"])
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(
            "The list of functionaries cannot be read", why=str(error), next="course services restart audit"
        ) from None


def _functionary(raw: Mapping[str, Any]) -> Functionary:
    return Functionary(raw["key"], tuple(raw["may"]), raw["from"], raw.get("until"))


def may_state(actions: Iterable[Action | str]) -> tuple[str, ...]:
    """Return actions as a list of functionaries has them, in a fixed order."""
    wanted = {str(Action(one)) for one in actions}
    return tuple(str(one) for one in Action if one in wanted)
