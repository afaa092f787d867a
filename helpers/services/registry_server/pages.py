"""The registry's pages for people: an index with search and a page a module. No external asset, no script but copy."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Flask, Response, g, render_template, request
from markupsafe import Markup

from helpers.services.registry_server import versions
from helpers.services.registry_server.problems import Refused
from helpers.services.registry_server.store import Store


def register(app: Flask, store: Store, host: str) -> None:
    """Add the pages to the application."""
    # Flask escapes by itself only in templates whose name ends in .html.
    app.jinja_env.autoescape = True
    app.jinja_env.filters["markdown"] = markdown
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
        try:
            return page("module.html.j2", **_module(store, host, f"{namespace}/{name}/{provider}", version))
        except Refused as error:
            return page("missing.html.j2", error.status, message=error.message)

    @app.after_request
    def private(answer: Response) -> Response:
        answer.headers.setdefault("Cache-Control", "no-store" if "caller" in g else "no-cache")
        return answer


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
    }


def _found(row: dict[str, Any], words: str) -> bool:
    text = f"{row['module']} {row['description']} {row['support'].get('team', '')}".lower()
    return all(word in text for word in words.lower().split())


def _module(store: Store, host: str, module: str, version: str) -> dict[str, Any]:
    if not all(versions.NAME.fullmatch(part) for part in module.split("/")):
        raise Refused(404, "not-found", "There is no such module.")
    every = store.versions(module)
    if not every:
        raise Refused(404, "not-found", f"There is no module {module} here.")
    newest = versions.latest(store.versions(module, yanked=False)) or every[0]
    shown = version or newest
    if shown not in every:
        raise Refused(404, "not-found", f"There is no version {shown[:40]} of {module}.")
    meta = store.meta(module, shown)
    return {
        "module": module,
        "meta": meta,
        "newest": newest,
        "intact": store.intact(module, shown),
        "versions": [store.meta(module, v) for v in every],
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


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML in it is shown as text, and only harmless links are made."""
    from markdown_it import MarkdownIt

    # No pictures: they would be fetched from somewhere else.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            # The page itself has the first two levels.
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


def terraform_value(value: Any) -> str:
    """Return a default as Terraform writes it."""
    return json.dumps(value, ensure_ascii=False)
