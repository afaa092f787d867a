"""The end of a version: notice, consumers, exemptions, removal. Every decision is an event."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, request

from helpers.clients.registry.lifecycle import Consumer, Exemption, Notice, RemovalVerdict
from helpers.compliance import deprecation
from helpers.compliance.module_rules import versions
from helpers.compliance.module_support import duration
from helpers.core.files import write_private
from helpers.servers.registry_server.access import Access, Caller
from helpers.servers.registry_server.refusal import RequestRefused
from helpers.servers.registry_server.store import Store

_MODULE = "/v1/modules/<namespace>/<name>/<provider>"


class Lifecycle:
    """Notices, consumers and exemptions of each module, in ``lifecycle.json`` of its directory."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()

    def _file(self, module: str) -> Path:
        return self._store.path(module) / "lifecycle.json"

    def data(self, module: str) -> dict[str, Any]:
        """Return ``notices`` (by version), ``consumers`` (by name) and ``exemptions`` (by version) as plain data."""
        empty: dict[str, Any] = {"notices": {}, "consumers": {}, "exemptions": {}}
        try:
            return {**empty, **json.loads(self._file(module).read_text())}
        except FileNotFoundError:
            return empty

    def put(self, module: str, part: str, name: str, value: Any) -> None:
        """Keep one entry in the place of an older one of that name."""
        with self._lock:
            data = self.data(module)
            data[part][name] = value
            write_private(self._file(module), json.dumps(data, indent=1).encode())

    def verdict(self, module: str, version: str, today: dt.date) -> RemovalVerdict:
        """Return whether a version may be removed on a day."""
        data = self.data(module)
        notice = data["notices"].get(version)
        return deprecation.decide(
            version,
            Notice.from_data(version, notice) if notice else None,
            [Consumer.from_data(name, one) for name, one in data["consumers"].items()],
            [Exemption.from_data(one) for one in data["exemptions"].get(version, {}).values()],
            today=today,
        )


def register(app: Flask, store: Store, access: Access, lifecycle: Lifecycle) -> None:
    """Add the routes to the application."""

    @app.get(f"{_MODULE}/lifecycle")
    def show_lifecycle(namespace: str, name: str, provider: str) -> Response:
        module = _module(store, "read", namespace, name, provider)
        return jsonify(lifecycle.data(module))

    @app.put(f"{_MODULE}/<version>/notice")
    def announce(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _module(store, "publish", namespace, name, provider, version)
        data = _json()
        notice = _notice(data, _day(data), _window(store.meta(module, version), access, namespace))
        lifecycle.put(module, "notices", version, notice)
        store.set_flag(module, version, "deprecated", f"{notice['reason']} Use {notice['replacement']}.")
        store.event("notice", module, version, _caller().name, **notice)
        return jsonify(notice)

    @app.put(f"{_MODULE}/consumers/<consumer>")
    def report(namespace: str, name: str, provider: str, consumer: str) -> Response:
        module = _module(store, "read", namespace, name, provider)
        caller, data = _caller(), _json()
        if caller.name != consumer:
            # A consumer speaks for itself; the owners of the module may read it as well.
            caller.need("publish", namespace)
        uses = data.get("uses")
        if not versions.NAME.fullmatch(consumer) or not isinstance(uses, list) or len(uses) > 1000:
            raise RequestRefused(400, "bad-report", "Send `uses`, a list; the consumer's name is lower case.")
        entry = {"uses": uses, "seen": _day(data).isoformat()}
        try:
            Consumer.from_data(consumer, entry)
        except (TypeError, ValueError):
            raise RequestRefused(400, "bad-report", "A use has call, constraint, version, found and where.") from None
        lifecycle.put(module, "consumers", consumer, entry)
        return jsonify(entry)

    @app.put(f"{_MODULE}/<version>/exemptions/<consumer>")
    def exempt(namespace: str, name: str, provider: str, version: str, consumer: str) -> Response:
        module = _module(store, "publish", namespace, name, provider, version)
        entry = _exemption(_json(), consumer, lifecycle.data(module), version)
        others = lifecycle.data(module)["exemptions"].get(version, {})
        lifecycle.put(module, "exemptions", version, {**others, consumer: entry})
        store.event("exemption", module, version, _caller().name, consumer=consumer, until=entry["until"])
        return jsonify(entry)

    @app.get(f"{_MODULE}/<version>/removal")
    def may_remove(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _module(store, "read", namespace, name, provider, version)
        # A question about any day decides nothing, so everybody may ask it.
        day = _date(request.args.get("day") or _today().isoformat(), "day")
        return jsonify(lifecycle.verdict(module, version, day).to_data())

    @app.delete(f"{_MODULE}/<version>")
    def remove(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _module(store, "publish", namespace, name, provider, version)
        verdict = lifecycle.verdict(module, version, _day(request.args))
        who, day = _caller().name, verdict.day.isoformat()
        if verdict.verdict != "allowed":
            store.event("removal-refused", module, version, who, day=day, reasons=list(verdict.reasons))
            answer = jsonify({"error": "removal-refused", "errors": [f"{version} stays"], **verdict.to_data()})
            answer.status_code = 409
            return answer
        store.set_flag(module, version, "removed", verdict.reasons[0])
        store.event("remove", module, version, who, day=day, breaks=list(verdict.breaks))
        return jsonify(verdict.to_data())

    @app.put("/v1/admin/support-policy/<namespace>")
    def support_policy(namespace: str) -> Response:
        _caller().need("admin", namespace)
        access.set_support_policy(namespace, _json())
        return jsonify(access.support_policy(namespace).to_data())


def _caller() -> Caller:
    caller: Caller = g.caller
    return caller


def _json() -> dict[str, Any]:
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise RequestRefused(400, "bad-json", "The body must be a JSON object.")
    return data


def _module(store: Store, permission: str, namespace: str, name: str, provider: str, version: str = "") -> str:
    if not all(versions.NAME.fullmatch(part) for part in (namespace, name, provider)):
        raise RequestRefused(400, "bad-name", "A name has lower-case letters, digits, - and _.")
    _caller().need(permission, namespace)
    module = f"{namespace}/{name}/{provider}"
    known = store.versions(module)
    if not known or (version and version not in known):
        raise RequestRefused(404, "not-found", f"There is no {version[:40] or 'module'} {module} here.")
    return module


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _day(data: Any) -> dt.date:
    """Return the day on which something is done: today, unless an administrator rehearses and says another one."""
    if not data.get("as_of"):
        return _today()
    _caller().need("admin", "*")
    return _date(data["as_of"], "as_of")


def _date(text: Any, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        raise RequestRefused(400, "bad-date", f"`{name}` is not a date; write it as 2027-04-15.") from None


def _window(meta: dict[str, Any], access: Access, namespace: str) -> dt.timedelta:
    """Return the time that was promised between notice and removal: by the module, at least the policy's."""
    promised = (meta.get("support_model") or {}).get("window")
    least = access.support_policy(namespace).window
    return max(least, duration(promised)) if promised else least


def _notice(data: dict[str, Any], since: dt.date, window: dt.timedelta) -> dict[str, str]:
    texts = {key: str(data.get(key) or "").strip()[:500] for key in ("reason", "replacement", "link")}
    if not texts["reason"] or not texts["replacement"]:
        raise RequestRefused(400, "no-reason", "Say why and what to use: `reason` and `replacement`.")
    removal, earliest = _date(data.get("removal"), "removal"), since + window
    if removal < earliest:
        raise RequestRefused(
            409, "window-too-short", f"{window.days} days are promised: the earliest removal is {earliest}."
        )
    return {**texts, "since": since.isoformat(), "removal": removal.isoformat()}


def _exemption(data: dict[str, Any], consumer: str, known: dict[str, Any], version: str) -> dict[str, str]:
    until, reason = _date(data.get("until"), "until"), str(data.get("reason") or "").strip()[:500]
    if version not in known["notices"]:
        raise RequestRefused(409, "no-notice", f"{version} is not deprecated, so nobody needs an exemption.")
    if consumer not in known["consumers"]:
        raise RequestRefused(404, "not-found", f"{consumer[:40]} is not known as a consumer; read it first.")
    removal = _date(known["notices"][version]["removal"], "removal")
    if not reason or until <= removal:
        raise RequestRefused(400, "no-end", f"An exemption has a reason and ends after the removal, {removal}.")
    return {"consumer": consumer, "until": until.isoformat(), "reason": reason, "approved_by": _caller().name}
