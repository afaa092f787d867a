"""What a client asks about the end of a version: notice, consumers, exemptions, removal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from urllib.parse import quote

from helpers.clients.registry.errors import RegistryError
from helpers.clients.registry.lifecycle import Consumer, Exemption, Notice, RemovalRefused, RemovalVerdict, Use


class EndCommands:
    """Mixed into `Registry`. *as_of* names the day of a rehearsal; only an administrator may, and it is recorded."""

    def announce(
        self,
        module: str,
        version: str,
        *,
        reason: str,
        replacement: str,
        removal: date,
        link: str = "",
        as_of: date | None = None,
    ) -> Notice:
        """Give notice that a version goes: it is marked as deprecated, and may be removed from *removal* on.

        Raises:
            RegistryError: the window is shorter than what was promised.
        """
        data = {"reason": reason, "replacement": replacement, "removal": removal.isoformat(), "link": link}
        return Notice.from_data(version, self._put(module, f"{quote(version, safe='')}/notice", data, as_of))

    def notices(self, module: str) -> dict[str, Notice]:
        """Return the notices that were given: version -> notice."""
        return {v: Notice.from_data(v, data) for v, data in self._lifecycle(module)["notices"].items()}

    def report_use(self, module: str, consumer: str, uses: Iterable[Use], *, as_of: date | None = None) -> Consumer:
        """Tell the registry what a consumer uses, in the place of what it told before."""
        data = {"uses": [asdict(use) for use in uses]}
        return Consumer.from_data(consumer, self._put(module, f"consumers/{quote(consumer, safe='')}", data, as_of))

    def consumers(self, module: str) -> tuple[Consumer, ...]:
        """Return who uses a module, as last reported, by name."""
        found = self._lifecycle(module)["consumers"]
        return tuple(Consumer.from_data(name, found[name]) for name in sorted(found))

    def exempt(self, module: str, version: str, consumer: str, *, until: date, reason: str) -> Exemption:
        """Let a consumer stay on a version until the day before *until*, as owner of the module.

        Raises:
            RegistryError: no notice was given, or the exemption has no reason or no end after the removal.
        """
        tail = f"{quote(version, safe='')}/exemptions/{quote(consumer, safe='')}"
        return Exemption.from_data(self._put(module, tail, {"until": until.isoformat(), "reason": reason}, None))

    def exemptions(self, module: str, version: str) -> tuple[Exemption, ...]:
        """Return who may stay on a version, by name."""
        found = self._lifecycle(module)["exemptions"].get(version, {})
        return tuple(Exemption.from_data(found[name]) for name in sorted(found))

    def removal(self, module: str, version: str, day: date) -> RemovalVerdict:
        """Return whether a version may be removed on a day; nothing is changed."""
        path = self._path(module, f"{quote(version, safe='')}/removal?day={day.isoformat()}")
        return RemovalVerdict.from_data(self._call("GET", path))

    def remove(self, module: str, version: str, *, as_of: date | None = None) -> RemovalVerdict:
        """Remove a version for good: it is offered and handed out no more, and its number is never used again.

        Raises:
            RemovalRefused: the window runs, an exemption runs, or it cannot be told who would be broken.
        """
        query = f"?as_of={as_of.isoformat()}" if as_of else ""
        path = self._path(module, quote(version, safe="") + query)
        try:
            return RemovalVerdict.from_data(self._call("DELETE", path))
        except RegistryError as error:
            refused = getattr(error, "answer", {})
            if refused.get("error") != "removal-refused":
                raise
            verdict = RemovalVerdict.from_data(refused)
            raise RemovalRefused(verdict, f"{version} of {module} is not removed") from None

    def set_support_policy(self, namespace: str, policy: Mapping[str, Any]) -> dict[str, Any]:
        """Demand this of support models in a namespace from now on (form, window, teams, people), as administrator."""
        path = f"/v1/admin/support-policy/{quote(namespace, safe='')}"
        return self._call("PUT", path, json.dumps(policy).encode(), "application/json")

    def _lifecycle(self, module: str) -> dict[str, Any]:
        return self._call("GET", self._path(module, "lifecycle"))

    def _put(self, module: str, tail: str, data: Mapping[str, Any], as_of: date | None) -> dict[str, Any]:
        sent = {**data, **({"as_of": as_of.isoformat()} if as_of else {})}
        return self._call("PUT", self._path(module, tail), json.dumps(sent).encode(), "application/json")

    def _path(self, module: str, tail: str) -> str:
        raise NotImplementedError

    def _call(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        raise NotImplementedError
