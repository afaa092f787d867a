"""The forge's HTTP side: git, and a small JSON API. Everybody says who they are (HTTP basic: person and token)."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from helpers.clients.forge.policy import BadPolicy, Policy
from helpers.core.polling import poll
from helpers.servers.git_server import names, people, smart_http
from helpers.servers.git_server.people import OPERATOR, People, Person
from helpers.servers.git_server.problems import RequestRefused
from helpers.servers.git_server.repositories import Bare, Repositories
from helpers.servers.git_server.reviews import Reviews

#: Bytes of a request to the API.
MAX_JSON = 64 * 1024
#: Seconds that a new server waits for what a killed one left running.
PATIENCE = 30.0
_REPOSITORY = "/api/repositories/<name>"
_PULL = f"{_REPOSITORY}/pulls/<int:number>"


def create_app(data: Path) -> Flask:
    """Return the application over a data directory."""
    app = Flask("forge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = smart_http.MAX_BODY
    accounts = People(data)
    accounts.provision()
    repositories = Repositories(data, accounts.signers)
    _wait_for_leftovers(data / "active")
    repositories.provision()
    app.before_request(lambda: _identify(accounts))
    app.register_error_handler(RequestRefused, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)

    @app.get("/healthz")
    def health() -> Response:
        return jsonify({"status": "ok"})

    smart_http.register(app, data, repositories, _caller)
    reviews = Reviews(data, repositories, accounts)
    _people(app, accounts)
    _repositories(app, repositories, reviews)
    _pulls(app, reviews)
    return app


def _wait_for_leftovers(lock: Path) -> None:
    """Wait until the last git of a killed server has ended: it lands its push or not, as it would have anyway."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)

    def locked() -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    try:
        if not poll(locked, PATIENCE):
            raise SystemExit("A git of an earlier server still runs; it keeps the file `active` locked.")
    finally:
        os.close(descriptor)


def _identify(accounts: People) -> None:
    if request.path != "/healthz":
        g.caller = accounts.caller(request.headers.get("Authorization", ""))


def _caller() -> Person:
    caller: Person = g.caller
    return caller


def _refused(error: RequestRefused) -> Response:
    # git shows a refusal only when it is plain text.
    for_git = not request.path.startswith("/api/")
    answer = Response(error.text(), mimetype="text/plain") if for_git else jsonify(error.to_dict())
    answer.status_code = error.status
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="forge"'
    return answer


def _http_error(error: HTTPException) -> Response:
    known = {
        404: "There is nothing at this address",
        413: "The request is too large",
        405: "The method is not allowed here",
    }
    code = error.code or 500
    return _refused(RequestRefused(code, f"http-{code}", known.get(code, error.name), next="Use helpers.forge.Forge."))


def _fault(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _refused(
            RequestRefused(
                507,
                "no-disk",
                "The Git server's disk is full, so nothing was changed",
                next="Free some space, then try again.",
            )
        )
    traceback.print_exception(error, file=sys.stderr)
    return _refused(
        RequestRefused(
            500,
            "fault",
            "The Git server had an internal error",
            why=type(error).__name__,
            next="course services logs git",
        )
    )


def _json() -> dict[str, Any]:
    if (request.content_length or 0) > MAX_JSON:
        raise RequestRefused(413, "too-large", "The request is too large", why=f"The API takes {MAX_JSON:,} bytes.")
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise RequestRefused(400, "bad-json", "The request cannot be understood", why="The body must be a JSON object.")
    return data


def _policy(data: object) -> Policy:
    try:
        return Policy.parse(data)
    except BadPolicy as error:
        raise RequestRefused(400, "bad-policy", error.what, why=error.why, next=error.next) from None


def _people(app: Flask, accounts: People) -> None:
    @app.get("/api/people")
    def list_people() -> Response:
        return jsonify({"people": [people.to_dict(person) for person in accounts.all()]})

    @app.post("/api/people")
    def enrol() -> Response:
        _caller().need(OPERATOR, to="enrol people")
        person, token = accounts.enrol(_json())
        return jsonify({"person": people.to_dict(person), "token": token})

    @app.get("/api/allowed_signers")
    def allowed_signers() -> Response:
        return Response(accounts.signers.read_text(), mimetype="text/plain")


def _repositories(app: Flask, repositories: Repositories, reviews: Reviews) -> None:
    def shown(bare: Bare) -> Response:
        branches = {ref.removeprefix("refs/heads/"): sha for ref, sha, _ in bare.refs("refs/heads")}
        return jsonify({"name": bare.name, "policy": bare.policy().to_dict(), "branches": branches})

    @app.get("/api/repositories")
    def list_repositories() -> Response:
        return jsonify({"repositories": repositories.names()})

    @app.post("/api/repositories")
    def create() -> Response:
        data = _json()
        return shown(reviews.create(_caller(), data.get("name"), _policy(data.get("policy", {}))))

    @app.get(_REPOSITORY)
    def show(name: str) -> Response:
        return shown(repositories.open(name))

    @app.put(f"{_REPOSITORY}/policy")
    def set_policy(name: str) -> Response:
        return shown(reviews.set_policy(_caller(), name, _policy(_json())))

    @app.get(f"{_REPOSITORY}/audit")
    def audit(name: str) -> Response:
        return jsonify({"entries": reviews.audit(name)})


def _pulls(app: Flask, reviews: Reviews) -> None:
    @app.get(f"{_REPOSITORY}/pulls")
    def list_pulls(name: str) -> Response:
        return jsonify({"pulls": reviews.all(name)})

    @app.post(f"{_REPOSITORY}/pulls")
    def open_pull(name: str) -> Response:
        return jsonify(reviews.open(_caller(), name, _json()))

    @app.get(_PULL)
    def show_pull(name: str, number: int) -> Response:
        return jsonify(reviews.one(name, number))

    @app.post(f"{_PULL}/approvals")
    def approve(name: str, number: int) -> Response:
        return jsonify(reviews.approve(_caller(), name, number, _json().get("tag")))

    @app.post(f"{_PULL}/gates")
    def run_gates(name: str, number: int) -> Response:
        return jsonify(reviews.run_gates(_caller(), name, number))

    @app.post(f"{_PULL}/merge")
    def merge(name: str, number: int) -> Response:
        return jsonify(reviews.merge(_caller(), name, number))

    @app.post(f"{_PULL}/close")
    def close(name: str, number: int) -> Response:
        return jsonify(reviews.close(_caller(), name, number))

    @app.post(f"{_PULL}/break-glass")
    def break_glass(name: str, number: int) -> Response:
        try:
            reason = names.text(_json().get("reason"), "reason", 500)
        except RequestRefused as error:
            reviews.refused_request(_caller(), name, number, "break-glass", error)
            raise
        return jsonify(reviews.merge(_caller(), name, number, glass=reason))
