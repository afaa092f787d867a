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

from helpers.compliance.module_rules import archive, versions
from helpers.servers.registry_server import lifecycle, pages
from helpers.servers.registry_server.access import ANONYMOUS, Access, Caller
from helpers.servers.registry_server.publish import publish
from helpers.servers.registry_server.refusal import RequestRefused
from helpers.servers.registry_server.store import Store
from helpers.servers.registry_server.verified import Verifier
from helpers.wrappers.terraform.config import REGISTRY_HOST

#: Seconds a download link is good for.
TICKET_SECONDS = 300
_MODULE = "/v1/modules/<namespace>/<name>/<provider>"


def create_app(folder: Path, pages_url: str = "") -> Flask:
    """Return the application over a data directory.

    Args:
        pages_url: where people's browsers find the pages; empty where there is no such place.
    """
    app = Flask("registry", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = archive.MAX_ARCHIVE + 1024 * 1024
    app.config["MAX_FORM_MEMORY_SIZE"] = archive.MAX_ARCHIVE + 1024 * 1024
    app.config["MAX_FORM_PARTS"] = 10
    store, access = Store(folder), Access(folder)
    app.before_request(lambda: _identify(access))
    app.register_error_handler(RequestRefused, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)
    verifier = Verifier(store, access)
    _protocol(app, store, access, verifier, pages_url)
    _listing(app, store, verifier)
    _publishing(app, store, access)
    _administration(app, access)
    ends = lifecycle.Lifecycle(store)
    lifecycle.register(app, store, access, ends)
    pages.register(app, store, verifier, REGISTRY_HOST, ends)
    return app


def _identify(access: Access) -> None:
    # Pages and health are for everybody; a browser sends no token.
    open_to_all = request.path in ("/healthz", "/.well-known/terraform.json")
    g.caller = ANONYMOUS if open_to_all else access.caller(request.headers.get("Authorization", ""))


def _caller() -> Caller:
    caller: Caller = g.caller
    return caller


def _refused(error: RequestRefused) -> Response:
    answer = jsonify(error.to_dict())
    answer.status_code = error.status
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="module registry"'
    return answer


def _http_error(error: HTTPException) -> Response:
    known = {404: "There is nothing at this address.", 413: f"It is larger than {archive.MAX_ARCHIVE:,} bytes."}
    code = error.code or 500
    return _refused(RequestRefused(code, f"http-{code}", known.get(code, error.name + ".")))


def _fault(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _refused(
            RequestRefused(507, "no-disk", "The registry's disk is full; nothing was changed. Free some space.")
        )
    traceback.print_exception(error, file=sys.stderr)
    return _refused(
        RequestRefused(500, "fault", "The registry had an internal error; see its log: course services logs registry")
    )


def _name(namespace: str, name: str, provider: str) -> str:
    for part in (namespace, name, provider):
        if not versions.NAME.fullmatch(part):
            raise RequestRefused(
                400, "bad-name", f"{part[:40]!r} is not a valid name: use lower-case letters, digits, - and _."
            )
    return f"{namespace}/{name}/{provider}"


def _version(text: str) -> str:
    if versions.parse(text) is None:
        raise RequestRefused(404, "not-found", f"{text[:40]!r} is not here: {versions.not_taken(text)}.")
    return text


def _readable(store: Store, namespace: str, name: str, provider: str) -> str:
    module = _name(namespace, name, provider)
    _caller().need("read", namespace)
    if not store.versions(module):
        raise RequestRefused(404, "not-found", f"There is no module {module} here.")
    return module


def _protocol(app: Flask, store: Store, access: Access, verifier: Verifier, pages_url: str) -> None:
    tickets = URLSafeTimedSerializer(access.ticket_secret, salt="download")

    @app.get("/.well-known/terraform.json")
    def discovery() -> Response:
        # Terraform passes over what it does not know.
        return jsonify({"modules.v1": "/v1/modules/", "pages.v1": pages_url})

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
            raise RequestRefused(404, "not-found", f"Every version of {module} is yanked.")
        return Response(status=302, headers={"Location": f"/v1/modules/{module}/{version}/download"})

    @app.get(f"{_MODULE}/<version>/download")
    def download(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _readable(store, namespace, name, provider)
        verifier.require(module, _version(version))
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
            raise RequestRefused(403, "bad-ticket", "The download link is not valid or has expired; ask for a new one.")
        try:
            data = verifier.require(module, version)
        except RequestRefused as error:
            store.event("download-refused", module, version, _caller().name, reason=error.code)
            raise
        store.event("download", module, version, _caller().name)
        return Response(data, mimetype="application/gzip")

    @app.get(f"{_MODULE}/<version>/bundle")
    def bundle(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _readable(store, namespace, name, provider)
        store.meta(module, _version(version))
        try:
            return Response(store.stored(module, version)[1], mimetype="application/json")
        except OSError:
            raise RequestRefused(410, "removed", f"The signature of {module} {version} is gone.") from None


def _summary(store: Store, module: str, version: str) -> dict[str, Any]:
    meta = store.meta(module, version)
    namespace, name, provider = module.split("/")
    return {
        "id": f"{module}/{version}",
        "namespace": namespace,
        "name": name,
        "provider": provider,
        "version": version,
        "description": meta["description"],
        "published_at": meta["published_at"],
        "support": meta["support"],
        "source": f"{REGISTRY_HOST}/{module}",
    }


def _listing(app: Flask, store: Store, verifier: Verifier) -> None:
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
        return jsonify(
            {
                "meta": {"limit": limit, "current_offset": offset, "total": len(rows)},
                "modules": rows[offset : offset + limit],
            }
        )

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
        # As Terraform would choose: a yanked version is shown only by its name, or when there is no other.
        offered = store.versions(module, yanked=False) or every
        shown = _version(version or versions.latest(offered) or "")
        meta = store.meta(module, shown)
        problem = verifier.problem(module, shown)
        meta["signature"] = {**meta["signature"], "status": "refused" if problem else "verified", "problem": problem}
        return jsonify({**meta, **_summary(store, module, shown), "versions": every})


def _publishing(app: Flask, store: Store, access: Access) -> None:
    @app.post(f"{_MODULE}/<version>")
    def upload(namespace: str, name: str, provider: str, version: str) -> Response:
        module = _name(namespace, name, provider)
        _caller().need("publish", namespace)
        part = request.files.get("archive")
        if part is None:
            raise RequestRefused(
                400, "no-archive", "Send multipart/form-data with the parts `archive` (tar.gz) and `bundle`."
            )
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
            raise RequestRefused(404, "not-found", "A version can be `yanked` or `deprecated`.")
        reason = None
        if request.method == "PUT":
            reason = str(_json().get("reason") or "").strip()[:500]
            if not reason:
                raise RequestRefused(400, "no-reason", "Say why: a JSON object with `reason`.")
        flags = store.set_flag(module, _version(version), flag, reason)
        store.event(flag if reason else f"not-{flag}", module, version, _caller().name, reason=reason or "")
        return jsonify(flags)


def _json() -> dict[str, Any]:
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise RequestRefused(400, "bad-json", "The body must be a JSON object.")
    return data


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise RequestRefused(400, "bad-json", "`namespaces` and `permissions` are lists of text.")
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
