"""The registry's pages for people: an index with search and a page a module. No external asset, no script but copy."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Flask, Response, g, render_template, request
from jinja2 import UndefinedError

from helpers.compliance.module_rules import versions
from helpers.servers.own_requests import FOREIGN_HOST, FOREIGN_PAGE, names_server, refuse
from helpers.servers.registry_server import support
from helpers.servers.registry_server.lifecycle import Lifecycle
from helpers.servers.registry_server.prose import markdown, seen
from helpers.servers.registry_server.refusal import RequestRefused
from helpers.servers.registry_server.store import Store
from helpers.servers.registry_server.verified import Verifier


def register(app: Flask, store: Store, verifier: Verifier, host: str, ends: Lifecycle) -> None:
    """Add the pages to the application."""
    # Flask escapes by itself only in templates whose name ends in .html.
    app.jinja_env.autoescape = True
    app.jinja_env.filters["markdown"] = markdown
    # Descriptions, reasons and examples come from publishers, too.
    app.jinja_env.finalize = seen
    app.jinja_env.filters["terraform"] = terraform_value
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    def page(template: str, status: int = 200, **values: Any) -> Response:
        nonce = secrets.token_urlsafe(12)
        answer = Response(render_template(template, nonce=nonce, host=host, **values), status, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = (
            f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @app.get("/")
    def index() -> Response:
        words = request.args.get("q", "")[:100]
        rows = [row for module in store.names() if (row := _row(store, module)) and _found(row, words)]
        return page("index.html.j2", modules=rows, words=words)

    @app.get("/modules/<namespace>/<name>/<provider>")
    @app.get("/modules/<namespace>/<name>/<provider>/<version>")
    def module_page(namespace: str, name: str, provider: str, version: str = "") -> Response:
        module = f"{namespace}/{name}/{provider}"
        try:
            return page("module.html.j2", **_module(store, verifier, ends, host, module, version))
        except RequestRefused as error:
            return page("missing.html.j2", error.status, message=error.message)
        except (LookupError, TypeError, ValueError, AttributeError, UndefinedError):
            # A record that was replaced need not even have the form of one.
            if not (problem := verifier.problem(module, version or store.versions(module)[0])):
                raise
            return page("missing.html.j2", 500, message=f"✗ not verified. Do not use this version. {problem}")

    @app.after_request
    def private(answer: Response) -> Response:
        answer.headers.setdefault("Cache-Control", "no-store" if "caller" in g else "no-cache")
        return answer


class Public:
    """WSGI application that shows a browser the pages, and nothing else: whoever sends a token here is refused.

    A browser does not know the course's authority, and the pages hold nothing that is secret. So they have a port
    without TLS, where no token is taken.

    Args:
        app: the registry. port: that this one is reached by.
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app, self._hosts = app, {f"127.0.0.1:{port}", f"localhost:{port}"}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
        if not names_server(environ.get("REQUEST_URI", "/"), host, self._hosts):
            return refuse(start_response, FOREIGN_HOST)
        if origin is not None and origin != f"http://{host}":
            return refuse(start_response, FOREIGN_PAGE)
        if "HTTP_AUTHORIZATION" in environ:
            return refuse(start_response, (400, "This port takes no token: use the registry's https URL."))
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not (path == "/" or path.startswith("/modules/")):
            return refuse(start_response, (404, "Only pages are here: use the registry's https URL."))
        return self._app(environ, start_response)


def _row(store: Store, module: str) -> dict[str, Any]:
    every = store.versions(module)
    version = versions.latest(store.versions(module, yanked=False)) or every[0]
    meta = store.meta(module, version)
    return {
        "module": module,
        "version": version,
        "count": len(every),
        "description": meta["description"],
        "support": meta["support"],
        "published_at": meta["published_at"],
        "deprecated": meta.get("deprecated"),
        "yanked": meta.get("yanked"),
        "stage": (meta.get("support_model") or {}).get("stage", ""),
    }


def _found(row: dict[str, Any], words: str) -> bool:
    text = f"{row['module']} {row['description']} {row['support'].get('team', '')}".lower()
    return all(word in text for word in words.lower().split())


def _module(store: Store, verifier: Verifier, ends: Lifecycle, host: str, module: str, version: str) -> dict[str, Any]:
    if not all(versions.NAME.fullmatch(part) for part in module.split("/")):
        raise RequestRefused(404, "not-found", "There is no such module.")
    every = store.versions(module)
    if not every:
        raise RequestRefused(404, "not-found", f"There is no module {module} here.")
    newest = versions.latest(store.versions(module, yanked=False)) or every[0]
    shown = version or newest
    if shown not in every:
        raise RequestRefused(404, "not-found", f"There is no version {shown[:40]} of {module}.")
    meta = store.meta(module, shown)
    return {
        "module": module,
        "meta": meta,
        "newest": newest,
        # Of a removed version the archive is gone, and nobody is told that it is verified.
        "problem": "" if meta.get("removed") else verifier.problem(module, shown),
        "versions": [store.meta(module, v) for v in every],
        "support": support.shown(meta),
        "end": support.end(ends.data(module), shown),
        "usage": usage(host, module, shown, meta["interface"]),
    }


def usage(host: str, module: str, version: str, interface: dict[str, Any]) -> str:
    """Return a Terraform block that uses a module, with its required inputs."""
    parsed = versions.parse(version)
    # A pre-release is only ever taken by an exact constraint.
    constraint = version if parsed and parsed.prerelease else f"~> {version.rsplit('.', 1)[0]}"
    lines = [f'module "{module.split("/")[1]}" {{', f'  source  = "{host}/{module}"', f'  version = "{constraint}"']
    required = [i for i in interface["inputs"] if i["required"]]
    width = max((len(i["name"]) for i in required), default=0)
    if required:
        lines.append("")
        # As comments: the block is valid, and Terraform names each input that is still to be filled in.
        lines += [f"  # {i['name']:{width}} = {' '.join(i['type'].split()) or 'any'}" for i in required]
    return "\n".join([*lines, "}"])


def terraform_value(value: Any) -> str:
    """Return a default as Terraform writes it."""
    return json.dumps(value, ensure_ascii=False)
