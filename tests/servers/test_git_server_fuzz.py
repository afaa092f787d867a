"""What comes from outside, by Hypothesis: names, JSON bodies, the hook's input, tags, policies, a torn log."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.clients.forge.policy import BadPolicy, Policy
from helpers.clients.forge.statement import Statement, parse
from helpers.servers.git_server import audit, names
from helpers.servers.git_server.app import create_app
from helpers.servers.git_server.hook import Update, parse_updates
from helpers.servers.git_server.problems import RequestRefused, printable
from helpers.servers.git_server.repositories import Bare
from helpers.wrappers.git import generate_ssh_key
from tests.repeats import examples

_sha = st.text("0123456789abcdef", min_size=40, max_size=40).filter(lambda s: set(s) != {"0"})
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=400))
@example(b"")
@example(b"\n")
@example(b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/main")
@example(b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/a\x1b[31m\n")
def test_the_hook_reads_any_bytes_or_refuses(given: bytes) -> None:
    try:
        updates = parse_updates(given)
    except RequestRefused as error:
        assert error.status == 400
    else:
        assert updates and all(u.ref.startswith("refs/") for u in updates)


@given(st.dictionaries(st.from_regex(r"refs/heads/[a-z]{1,9}", fullmatch=True), st.tuples(_sha, _sha), min_size=1))
def test_the_hook_reads_what_git_writes(given: dict[str, tuple[str, str]]) -> None:
    zero = "0" * 40
    text = "".join(f"{old} {new} {ref}\n" for ref, (old, new) in given.items())
    assert parse_updates(text.encode()) == [Update(old, new, ref) for ref, (old, new) in given.items()]
    ref, (old, _) = next(iter(given.items()))
    assert parse_updates(f"{old} {zero} {ref}\n".encode()) == [Update(old, "", ref)]
    with pytest.raises(RequestRefused):
        parse_updates((text + text).encode())


@examples(60)
@given(st.text(max_size=20) | st.from_regex(r"[A-Za-z0-9._/+@{~^:-]{1,12}", fullmatch=True))
@example("a.lock/b")
@example("HEAD")
@example("-f")
def test_what_we_take_as_a_branch_git_does_too(name: str) -> None:
    if names.is_branch(name):
        done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
        assert done.returncode == 0, name
    else:
        with pytest.raises(RequestRefused):
            names.branch(name)


@given(st.text(max_size=80) | _json)
@example("..")
@example("a/../b")
@example("app.git")
def test_a_repositorys_name_stays_in_its_folder(name: object) -> None:
    try:
        path = Path("/forge") / f"{names.repository(name)}.git"
    except RequestRefused:
        return
    assert path.parent == Path("/forge") and path.name == f"{name}.git" and not path.name.startswith(".")


@given(_json)
def test_a_policy_is_understood_or_refused(data: object) -> None:
    try:
        policy = Policy.parse(data)
    except BadPolicy:
        return
    assert Policy.load(policy.yaml()) == policy


@given(
    st.builds(
        Policy,
        st.lists(st.sampled_from(["main", "release/*", "*"]), unique=True).map(tuple),
        st.integers(0, 10),
        st.just(True),
        st.lists(st.sampled_from(["image", "policy"]), unique=True).map(tuple),
        st.lists(st.sampled_from(["render", "secrets"]), unique=True).map(tuple),
        st.lists(st.sampled_from(["approval", "gates"]), unique=True).map(tuple),
    )
)
def test_a_policy_survives_its_file(policy: Policy) -> None:
    assert Policy.load(policy.yaml()) == policy


@given(st.text(max_size=300))
def test_any_text_is_a_statement_or_none(text: str) -> None:
    assert parse(text) is None


@given(_sha, st.integers(1, 999_999), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_a_statement_is_read_as_it_was_said(sha: str, pull: int, at: datetime) -> None:
    said = Statement("app", pull, "main", sha, "bela", "Bela", "bela@acme.test", at.replace(microsecond=0, tzinfo=UTC))
    assert parse(said.text()) == said
    for changed in (
        said.text() + "x",
        said.text().replace("Target: main", "Target: main\nTarget: prod"),
        said.text().replace(f"Commit: {sha}", f"Commit: {sha[::-1]}x"),
    ):
        assert parse(changed) is None


@given(st.text(max_size=300))
def test_nothing_at_the_terminal_acts(text: str) -> None:
    shown = printable(text)
    assert len(shown) <= 200 and not any(c in shown for c in "\x00\x1b\x07\r\x9b\u202e")


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """The application itself, and the login of a member; the repository `app` exists."""
    data = tmp_path_factory.mktemp("forge")
    client = create_app(data).test_client()

    def login(name: str, token: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}

    key = generate_ssh_key(data / "key")
    row = {"name": "dora", "full_name": "Dora", "public_key": key.text, "role": "admin"}
    answer = client.post("/api/people", json=row, headers=login("operator", (data / "operator.token").read_text()))
    me = login("dora", answer.json["token"])
    assert (
        client.post("/api/repositories", json={"name": "app", "policy": {"gates": False}}, headers=me).status_code
        == 200
    )
    yield client, me


_POSTS = (
    "/api/people",
    "/api/repositories",
    "/api/repositories/app/pulls",
    "/api/repositories/app/pulls/1/approvals",
    "/api/repositories/app/pulls/1/break-glass",
    "/api/repositories/app/pulls/1/merge",
)


@examples(150)
@given(
    path=st.sampled_from(_POSTS),
    body=_json
    | st.fixed_dictionaries(
        {},
        optional={
            "name": _json,
            "policy": _json,
            "source": _json,
            "target": _json,
            "title": _json,
            "tag": _json,
            "reason": _json,
        },
    ),
)
def test_any_body_gets_an_answer_in_words(forge: tuple[Any, dict[str, str]], path: str, body: object) -> None:
    client, me = forge
    answer = client.post(path, data=json.dumps(body), content_type="application/json", headers=me)
    if answer.status_code != 200:
        assert 400 <= answer.status_code < 500, (path, body, answer.text)
        assert answer.json["error"] and answer.json["what"]


@examples(100)
@given(
    header=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60)
    | st.binary(max_size=30).map(lambda b: "Basic " + base64.b64encode(b).decode())
)
def test_any_login_is_refused_in_words(forge: tuple[Any, dict[str, str]], header: str) -> None:
    answer = forge[0].get("/api/people", headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json["error"] == "who-are-you"


@examples(60)
@given(name=st.text(max_size=20), number=st.integers() | st.text(max_size=5))
def test_any_address_gets_an_answer(forge: tuple[Any, dict[str, str]], name: str, number: object) -> None:
    from urllib.parse import quote

    client, me = forge
    name, pull = quote(name, safe=""), quote(str(number), safe="")
    for path in (
        f"/api/repositories/{name}",
        f"/api/repositories/app/pulls/{pull}",
        f"/{name}.git/info/refs?service=git-upload-pack",
    ):
        assert client.get(path, headers=me).status_code in (200, 308, 400, 404), path


def test_a_torn_last_line_of_the_audit_log_is_cut_off(tmp_path: Path) -> None:
    one, two = (audit.Entry("app", "learner", "push", "accepted", f"reason {n}") for n in (1, 2))
    audit.record(tmp_path, one)
    whole = (tmp_path / audit.FILE).read_bytes()
    with (tmp_path / audit.FILE).open("ab") as file:
        file.write(whole[: len(whole) // 2])
    assert [row["reason"] for row in audit.entries(tmp_path, "app")] == ["reason 1"]
    audit.record(tmp_path, two)
    assert [row["reason"] for row in audit.entries(tmp_path, "app")] == ["reason 1", "reason 2"]
    assert (tmp_path / audit.FILE).read_bytes().startswith(whole)
    assert (tmp_path / audit.FILE).stat().st_mode & 0o777 == 0o600


def test_git_of_the_server_asks_only_the_forges_signers(tmp_path: Path) -> None:
    (tmp_path / "app.git").mkdir()
    bare = Bare(tmp_path / "app.git", tmp_path / "allowed_signers")
    bare.init(bare=True)
    bare.config("gpg.ssh.allowedSignersFile", "/elsewhere")
    assert bare._allowed_file(None) == tmp_path / "allowed_signers"
