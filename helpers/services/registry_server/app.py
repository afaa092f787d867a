"""The registry's HTTP side: Terraform's module registry protocol, publishing, administration and pages.

The protocol: https://developer.hashicorp.com/terraform/internals/module-registry-protocol
"""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException

from helpers.registry import HOST
from helpers.services.registry_server import archive, pages, versions
from helpers.services.registry_server.access import ANONYMOUS, Access, Caller
from helpers.services.registry_server.problems import Refused
from helpers.services.registry_server.publish import publish
from helpers.services.registry_server.store import Store

#: Seconds a download link is good for.
TICKET_SECONDS = 300
_MODULE = "/v1/modules/<namespace>/<name>/<provider>"


def create_app(folder: Path) -> Flask:
    """Return the application over a data folder."""
    app = Flask("registry", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = archive.MAX_ARCHIVE + 1024 * 1024
    app.config["MAX_FORM_MEMORY_SIZE"] = archive.MAX_ARCHIVE + 1024 * 1024
    app.config["MAX_FORM_PARTS"] = 10
    store, access = Store(folder), Access(folder)
    app.before_request(lambda: _identify(access))
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)
    _protocol(app, store, access)
    _listing(app, store)
    _publishing(app, store, access)
    _administration(app, access)
    pages.register(app, store, HOST)
    return app


def _identify(access: Access) -> None:
    # Pages and health are for everybody; a browser sends no token.
    open_to_all = request.path in ("/healthz", "/.well-known/terraform.json")
    g.caller = ANONYMOUS if open_to_all else access.caller(request.headers.get("Authorization", ""))


def _caller() -> Caller:
    caller: Caller = g.caller
    return caller


def _refused(error: Refused) -> Response:
    answer = jsonify(error.to_dict())
    answer.status_code = error.status
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="module registry"'
    return answer


def _http_error(error: HTTPException) -> Response:
    known = {404: "There is nothing at this address.", 413: f"It is larger than {archive.MAX_ARCHIVE:,} bytes."}
    code = error.code or 500
    return _refused(Refused(code, f"http-{code}", known.get(code, error.name + ".")))


def _fault(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _refused(Refused(507, "no-disk", "The registry's disk is full; nothing was changed. Free some space."))
    traceback.print_exception(error, file=sys.stderr)
    return _refused(Refused(500, "fault", "The registry has a fault; its log says more: course services logs registry"))


def _name(namespace: str, name: str, provider: str) -> str:
    for part in (namespace, name, provider):
        if not versions.NAME.fullmatch(part):
            raise Refused(400, "bad-name", f"{part[:40]!r} is no name: use lower-case letters, digits, - and _.")
    return f"{namespace}/{name}/{provider}"


def _version(text: str) -> str:
    if versions.parse(text) is None:
        raise Refused(404, "not-found", f"{text[:40]!r} is no semantic version, so it is not here.")
    return text


def _readable(store: Store, namespace: str, name: str, provider: str) -> str:
    module = _name(namespace, name, provider)
    _caller().need("read", namespace)
    if not store.versions(module):
        raise Refused(404, "not-found", f"There is no module {module} here.")
    return module


def _protocol(app: Flask, store: Store, access: Access) -> None:
    tickets = URLSafeTimedSerializer(access.ticket_secret, salt="download")

    @app.get("/.well-known/terraform.json")
    def discovery() -> Response:
        return jsonify({"modules.v1": "/v1/modules/"})

    @app.get("/healthz")
    def health() -> Response:
        return jsonify({"status": "ok"})

    @app.get(f"{_MODULE}/versions")
    def list_versions(namespace: str, name: str, provider: str) -> Response:
        module = _readable(store, namespace, name, provider)
        # A yanked version is not offered to resolvers; who holds a link to it can still get it.
        listed = []
        for version in store.versions(module, yanked=False):
            reason = store.flags(module, version).get("deprecated")
            listed.append({"version": version, **({"deprecation": {"reason": reason}} if reason else {})})
        return jsonify({"modules": [{"source": module, "versions": listed}]})

    @app.get(f"{_MODULE}/download")
    def download_latest(namespace: str, name: str, provider: str) -> Response:
        module = _readable(store, namespace, name, provider)
        version = versions.latest(store.versions(module, yanked=False))
        if version is None:
            raise Refused(404, "not-found", f"Every version of {module} is yanked.")
        return Response(status=302, headers={"Location": f"/v1/modules/{module}/{version}/download"})

    @app.get(f"{_MODULE}/<version>/download")
    def download(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _readable(store, namespace, name, provider)
        store.archive(module, _version(version))
        ticket = tickets.dumps(f"{module}/{version}")
        # Terraform fetches the archive without its token, so the link itself carries the permission.
        link = f"/v1/archives/{module}/{version}.tar.gz?ticket={ticket}&archive=tar.gz"
        return Response(status=204, headers={"X-Terraform-Get": link})

    @app.get("/v1/archives/<namespace>/<name>/<provider>/<file>")
    def fetch(namespace: str, name: str, provider: str, file: str) -> Response:
        module, version = _name(namespace, name, provider), _version(file.removesuffix(".tar.gz"))
        try:
            allowed = tickets.loads(request.args.get("ticket", ""), max_age=TICKET_SECONDS)
        except BadSignature:
            allowed = ""
        if allowed != f"{module}/{version}":
            raise Refused(403, "bad-ticket", "The download link is not valid or has expired; ask for a new one.")
        try:
            data = store.archive(module, version)
        except Refused as error:
            store.event("download-refused", module, version, _caller().name, reason=error.code)
            raise
        store.event("download", module, version, _caller().name)
        return Response(data, mimetype="application/gzip")


def _summary(store: Store, module: str, version: str) -> dict[str, Any]:
    meta = store.meta(module, version)
    namespace, name, provider = module.split("/")
    return {
        "id": f"{module}/{version}", "namespace": namespace, "name": name, "provider": provider, "version": version,
        "description": meta["description"], "published_at": meta["published_at"], "support": meta["support"],
        "source": f"{HOST}/{module}",
    }  # fmt: skip


def _listing(app: Flask, store: Store) -> None:
    def found(namespace: str = "", words: str = "") -> Response:
        caller = _caller()
        rows = []
        for module in store.names():
            newest = versions.latest(store.versions(module, yanked=False))
            if newest and caller.may("read", module.split("/")[0]) and namespace in ("", module.split("/")[0]):
                row = _summary(store, module, newest)
                if all(w in f"{module} {row['description']}".lower() for w in words.lower().split()):
                    rows.append(row)
        offset = max(0, request.args.get("offset", 0, int))
        limit = min(max(1, request.args.get("limit", 50, int)), 100)
        return jsonify({
            "meta": {"limit": limit, "current_offset": offset, "total": len(rows)},
            "modules": rows[offset : offset + limit],
        })  # fmt: skip

    @app.get("/v1/modules")
    @app.get("/v1/modules/")
    def list_all() -> Response:
        return found()

    @app.get("/v1/modules/search")
    def search() -> Response:
        return found(words=request.args.get("q", ""))

    @app.get("/v1/modules/<namespace>")
    def list_namespace(namespace: str) -> Response:
        return found(namespace)

    @app.get(_MODULE)
    @app.get(f"{_MODULE}/<version>")
    def show(namespace: str, name: str, provider: str, version: str = "") -> Response:
        module = _readable(store, namespace, name, provider)
        every = store.versions(module)
        meta = store.meta(module, _version(version or versions.latest(every) or ""))
        meta["signature"]["status"] = "verified" if store.intact(module, meta["version"]) else "refused"
        return jsonify({**meta, **_summary(store, module, meta["version"]), "versions": every})


def _publishing(app: Flask, store: Store, access: Access) -> None:
    @app.post(f"{_MODULE}/<version>")
    def upload(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _name(namespace, name, provider)
        _caller().need("publish", namespace)
        part = request.files.get("archive")
        if part is None:
            raise Refused(400, "no-archive", "Send multipart/form-data with the parts `archive` (tar.gz) and `bundle`.")
        signed = request.files.get("bundle")
        # A signature bundle is a few kilobytes.
        bundle = signed.read(256 * 1024) if signed else b""
        meta = publish(store, access, _caller(), module, version, part.read(), bundle)
        answer = jsonify({**_summary(store, module, version), "digest": meta["digest"]})
        answer.status_code = 201
        answer.headers["Location"] = f"/modules/{module}/{version}"
        return answer

    @app.put(f"{_MODULE}/<version>/<flag>")
    @app.delete(f"{_MODULE}/<version>/<flag>")
    def mark(namespace: str, name: str, provider: str, version: str, flag: str) -> Response:
        module = _name(namespace, name, provider)
        _caller().need("publish", namespace)
        if flag not in ("yanked", "deprecated"):
            raise Refused(404, "not-found", "A version can be `yanked` or `deprecated`.")
        reason = None
        if request.method == "PUT":
            reason = str(_json().get("reason") or "").strip()[:500]
            if not reason:
                raise Refused(400, "no-reason", "Say why: a JSON object with `reason`.")
        flags = store.set_flag(module, _version(version), flag, reason)
        store.event(flag if reason else f"not-{flag}", module, version, _caller().name, reason=reason or "")
        return jsonify(flags)


def _json() -> dict[str, Any]:
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise Refused(400, "bad-json", "The body must be a JSON object.")
    return data


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise Refused(400, "bad-json", "`namespaces` and `permissions` are lists of text.")
    return value


def _administration(app: Flask, access: Access) -> None:
    @app.post("/v1/admin/tokens")
    def add_token() -> Response:
        _caller().need("admin", "*")
        data = _json()
        token = access.add_token(str(data.get("name")), _texts(data.get("namespaces")), _texts(data.get("permissions")))
        return jsonify({"name": data["name"], "token": token})

    @app.delete("/v1/admin/tokens/<name>")
    def drop_token(name: str) -> Response:
        _caller().need("admin", "*")
        access.drop_token(name)
        return jsonify({"name": name})

    @app.post("/v1/admin/keys")
    def add_key() -> Response:
        data = _json()
        namespace = str(data.get("namespace"))
        _caller().need("admin", namespace)
        key_id = access.add_key(namespace, str(data.get("name")), str(data.get("public_key")))
        return jsonify({"namespace": namespace, "name": data["name"], "key_id": key_id})
