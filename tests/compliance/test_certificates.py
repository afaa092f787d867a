"""Certificates: what is issued is valid anywhere; what was forged is named; what cannot be told is not called valid.

Each forgery stands beside its honest twin: the certificate it was made from, which is valid.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hmac
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from helpers.compliance.certificates import Claim, Issuer, NoIssuer, NoSuchCertificate, NotFit, envelope, verify
from helpers.compliance.certificates import document as documents
from helpers.compliance.certificates.types import Kind, stamp
from helpers.core.paths import ROOT
from tests.repeats import examples

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WHO = {"name": "MOD-208", "email": "platform-team@acme.test"}
CLAIMS = (
    Claim("iac-enterprise", "expert", "module registry and test harness", 92, 100, 80, "together"),
    Claim("gitops-automation", "expert", "GitOps pipeline demo with policy gating", 80, 100, 80, "apart"),
)
HELD = {claim.competency: claim for claim in CLAIMS}


class World:
    """An issuer, a thief with a key, and ada's certificate."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.issuer = Issuer.make(room / "issuer", "word", **WHO)
        self.line, self.text = self.issuer.issue("ada", CLAIMS, now=NOW)
        self.thief = OKPKey.generate_key("Ed25519")

    @property
    def key(self) -> Path:
        return self.room / "issuer" / "issuer.pub"

    @property
    def signer(self) -> OKPKey:
        """The issuer's private key: in the hands of a careless issuer."""
        return self.issuer._key

    @cached_property
    def document(self) -> dict[str, Any]:
        return envelope.read(self.text.encode(), self.signer)

    @property
    def header(self) -> dict[str, str]:
        return json.loads(unpacked(self.text.split(".")[0]))

    def signed(self, document: Any, key: Any = None, **header: Any) -> str:
        """Sign anything with any header; a value None leaves a member out."""
        payload = document if isinstance(document, bytes) else json.dumps(document).encode()
        whole = {name: value for name, value in {**self.header, **header}.items() if value is not None}
        return "".join([packed(json.dumps(whole).encode()), ".", packed(payload), ".", self._mark(whole, payload, key)])

    def _mark(self, header: dict[str, Any], payload: bytes, key: Any) -> str:
        # By hand: the library refuses to write such headers.
        body = f"{packed(json.dumps(header).encode())}.{packed(payload)}".encode()
        secret = (key or self.signer).private_key
        return packed(secret.sign(body))

    def verify(self, text: str | bytes, **options: Any) -> Any:
        file = self.room / "shown.jwt"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return verify(file, **{"issuer": self.key, "now": LATER, **options})

    def changed(self, *path: Any, to: Any) -> dict[str, Any]:
        """Return the document with one value changed."""
        found = copy.deepcopy(self.document)
        inner = found
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = to
        return found


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("certificates"))


def edited(world: World, **parts: str) -> str:
    """Return the certificate with parts of it replaced, the signature kept."""
    head, body, mark = world.text.split(".")
    return ".".join([parts.get("head", head), parts.get("body", body), parts.get("mark", mark)])


def points(world: World) -> dict[str, Any]:
    return world.changed("credentialSubject", "result", 0, "value", to="100")


def second_spelling(world: World) -> str:
    # 64 bytes end in a character of which two bits mean something: another one decodes to the same bytes.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = world.text[:-1] + alphabet[alphabet.index(world.text[-1]) + 1]
    assert unpacked(twin.split(".")[2]) == unpacked(world.text.split(".")[2])
    return twin


def twice(world: World) -> bytes:
    return json.dumps(world.document).encode()[:-1] + b', "name": "another"}'


def by_secret(world: World) -> str:
    header = {**world.header, "alg": "HS256"}
    body = f"{packed(json.dumps(header).encode())}.{packed(json.dumps(points(world)).encode())}"
    return f"{body}.{packed(hmac.digest(world.key.read_bytes(), body.encode(), 'sha256'))}"


def own(world: World) -> str:
    return envelope.name_of(world.thief)


FORGERIES: dict[str, tuple[Kind, Callable[[World], str | bytes]]] = {
    "edited points": ("signature", lambda w: edited(w, body=packed(json.dumps(points(w)).encode()))),
    "edited learner": (
        "signature",
        lambda w: edited(w, body=packed(json.dumps(w.document).replace('"ada"', '"eve"').encode())),
    ),
    "signature of another certificate": (
        "signature",
        lambda w: edited(w, mark=w.issuer.issue("eve", CLAIMS, now=NOW)[1].split(".")[2]),
    ),
    "own key under the issuer's name": ("signature", lambda w: w.signed(points(w), w.thief)),
    "own key inside": ("embedded-key", lambda w: w.signed(points(w), w.thief, jwk=w.thief.as_dict(private=False))),
    "address of an own key": ("embedded-key", lambda w: w.signed(points(w), w.thief, jku="https://eve.test/keys")),
    "own key under its own name": ("other-issuer", lambda w: w.signed(points(w), w.thief, kid=own(w))),
    "own key, named everywhere": (
        "other-issuer",
        lambda w: w.signed(w.changed("issuer", "id", to=own(w)), w.thief, kid=own(w)),
    ),
    "another issuer in the document": ("other-issuer", lambda w: w.signed(w.changed("issuer", "id", to=own(w)))),
    "no signature": ("algorithm", lambda w: w.signed(points(w), alg="none").rpartition(".")[0] + "."),
    "public key as a shared secret": ("algorithm", by_secret),
    "no algorithm": ("algorithm", lambda w: w.signed(w.document, alg=None)),
    "critical extension": ("form", lambda w: w.signed(w.document, crit=["exp"])),
    "another type": ("form", lambda w: w.signed(w.document, typ="JWT")),
    "name twice in the document": ("form", lambda w: w.signed(twice(w))),
    "name twice in the header": (
        "form",
        lambda w: edited(w, head=packed(json.dumps(w.header).encode()[:-1] + b', "alg": "none"}')),
    ),
    "unknown member": ("form", lambda w: w.signed({**w.document, "proof": {"type": "DataIntegrityProof"}})),
    "another context": ("form", lambda w: w.signed(w.changed("@context", 1, to="https://eve.test/context"))),
    "line end inside": ("form", lambda w: w.signed(w.changed("validUntil", to=w.document["validUntil"] + "\n"))),
    "no such day": ("form", lambda w: w.signed(w.changed("validUntil", to="2029-02-31T00:00:00Z"))),
    "ends before it begins": ("form", lambda w: w.signed(w.changed("validUntil", to=stamp(NOW - timedelta(days=1))))),
    "points of another competency": (
        "form",
        lambda w: w.signed(
            w.changed("credentialSubject", "result", 0, "resultDescription", to="urn:mod208:competency:other")
        ),
    ),
    "another achievement": (
        "form",
        lambda w: w.signed(w.changed("credentialSubject", "achievement", "id", to="urn:mod208:achievement:all")),
    ),
    "a place outside of the list": (
        "form",
        lambda w: w.signed(w.changed("credentialStatus", "statusListIndex", to="999999")),
    ),
    "no status": ("form", lambda w: w.signed({k: v for k, v in w.document.items() if k != "credentialStatus"})),
    "second spelling": ("form", second_spelling),
    "line end after it": ("form", lambda w: w.text + "\n"),
    "status list in its place": ("form", lambda w: (w.room / "issuer" / "status.jwt").read_bytes()),
    "too large": ("form", lambda w: w.text + "A" * 100_000),
    "empty": ("form", lambda w: ""),
    "fewer points than required": (
        "below-mark",
        lambda w: w.signed(w.changed("credentialSubject", "result", 0, "value", to="79.9")),
    ),
    "more points than there are": (
        "below-mark",
        lambda w: w.signed(w.changed("credentialSubject", "result", 0, "value", to="101")),
    ),
    "nothing required": (
        "below-mark",
        lambda w: w.signed(
            w.changed("credentialSubject", "achievement", "resultDescription", 0, "requiredValue", to="0")
        ),
    ),
    "from tomorrow": ("future-date", lambda w: w.issuer.issue("eve", CLAIMS, now=NOW + timedelta(days=1))[1]),
    "of last year": ("expired", lambda w: w.issuer.issue("eve", CLAIMS, now=NOW - timedelta(days=400), days=365)[1]),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_is_named_and_its_honest_twin_is_valid(world: World, name: str) -> None:
    kind, forge = FORGERIES[name]
    shown = forge(world)
    world.issuer.renew(now=NOW)  # some of these issue another, at another time
    assert world.verify(world.text, learner="ada", held=HELD).status == "valid"
    found = world.verify(shown)
    assert found.status == "invalid" and found.exit_code == 1
    assert kind in [fault.kind for fault in found.faults], found.text()
    assert "ada" not in found.text()


class TestWithWhatTheVerifierKnows:
    def test_forgery_somebody_elses(self, world: World) -> None:
        world.issuer.renew(now=NOW)
        assert world.verify(world.text, learner="ada")
        assert [one.kind for one in world.verify(world.text, learner="eve").faults] == ["other-learner"]
        assert [one.kind for one in world.verify(world.text, learner="Ada").faults] == ["other-learner"]

    @pytest.mark.parametrize("claims", [{}, {**HELD, "iac-enterprise": replace(CLAIMS[0], points=91)}])
    def test_forgery_points_that_the_gradebook_does_not_hold(self, world: World, claims: dict[str, Claim]) -> None:
        world.issuer.renew(now=NOW)
        assert world.verify(world.text, held=HELD)
        assert world.verify(world.text, held={**HELD, "iac-enterprise": replace(CLAIMS[0], points=95)})
        found = world.verify(world.text, held=claims)
        assert found.status == "invalid" and {one.kind for one in found.faults} == {"not-held"}

    def test_it_expires(self, world: World) -> None:
        end = datetime.strptime(world.line.until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        world.issuer.renew(now=end - timedelta(days=1))
        assert world.verify(world.text, now=end - timedelta(seconds=1))
        assert [one.kind for one in world.verify(world.text, now=end).faults] == ["expired"]

    def test_clocks_may_differ_by_minutes(self, world: World) -> None:
        world.issuer.renew(now=NOW)
        assert world.verify(world.text, now=NOW - timedelta(minutes=4))
        assert world.verify(world.text, now=NOW - timedelta(minutes=6)).status == "invalid"


class TestRevoked:
    def test_forgery_a_revoked_one(self, world: World) -> None:
        line, text = world.issuer.issue("bob", CLAIMS, now=NOW)
        world.issuer.renew(now=NOW)
        assert world.verify(text)
        world.issuer.revoke(line.id, "issued by mistake", now=NOW)
        found = world.verify(text)
        assert found.status == "invalid" and [one.kind for one in found.faults] == ["revoked"]
        assert "mistake" not in found.text()
        assert world.verify(world.text), "only that one is revoked"

    def test_it_stays_revoked_though_the_list_has_ended(self, world: World) -> None:
        line, text = world.issuer.issue("carol", CLAIMS, now=NOW)
        world.issuer.revoke(line.id, "x", now=NOW)
        assert world.verify(text, now=NOW + timedelta(days=300)).status == "invalid"

    def test_what_was_never_issued_cannot_be_revoked(self, world: World) -> None:
        with pytest.raises(NoSuchCertificate):
            world.issuer.revoke("urn:uuid:0", "x")

    def test_no_place_is_given_twice(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn = iter([world.line.place, world.line.place, (world.line.place + 1) % documents.PLACES])
        monkeypatch.setattr("secrets.randbelow", lambda most: next(drawn))
        assert world.issuer.issue("dan", CLAIMS, now=NOW)[0].place != world.line.place


def ended(world: World, lists: Path) -> None:
    world.issuer.renew(days=30, now=NOW - timedelta(days=31))
    shutil.copy(world.room / "issuer" / "status.jwt", lists)


def older(world: World, lists: Path) -> None:
    world.issuer.renew(days=30, now=NOW - timedelta(days=1))
    shutil.copy(world.room / "issuer" / "status.jwt", lists)


def thiefs(world: World, lists: Path) -> None:
    Issuer.make(lists.parent / "thief", "word", **WHO).renew(now=NOW)
    shutil.copy(lists.parent / "thief" / "status.jwt", lists)


def listed(world: World, **changes: Any) -> str:
    listed = documents.status_list({"id": envelope.name_of(world.signer), **WHO}, [], (NOW, NOW + timedelta(days=30)))
    subject = {**listed["credentialSubject"], **changes}
    return world.signed({**listed, "credentialSubject": subject})


def huge(world: World, lists: Path) -> None:
    lists.write_text(listed(world, encodedList="u" + packed(gzip.compress(bytes(50_000_000)))))


def short(world: World, lists: Path) -> None:
    lists.write_text(listed(world, encodedList="u" + packed(gzip.compress(bytes(100)))))


def a_certificate(world: World, lists: Path) -> None:
    lists.write_text(world.text)


def nothing(world: World, lists: Path) -> None:
    """Leave the list out."""


@pytest.mark.parametrize("spoil", [ended, older, thiefs, huge, short, a_certificate, nothing])
def test_without_the_issuers_list_nobody_can_tell(world: World, tmp_path: Path, spoil: Callable[..., None]) -> None:
    lists = tmp_path / "list.jwt"
    lists.write_text(listed(world))
    assert world.verify(world.text, status=lists), "the honest twin"
    lists.unlink()
    spoil(world, lists)
    found = world.verify(world.text, status=lists)
    assert found.status == "unknown" and found.exit_code == 3
    assert [one.kind for one in found.faults] == ["unknown"] and "evoked" in found.faults[0].message
    assert world.verify(edited(world, mark="AAAA"), status=lists).status == "invalid", "a forgery is still one"


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PUBLIC KEY-----\n", "issuer.key", "p256"])
def test_without_the_issuers_key_nobody_can_tell(world: World, tmp_path: Path, content: bytes | str | None) -> None:
    key = tmp_path / "key.pub"
    if content == "issuer.key":
        shutil.copy(world.room / "issuer" / "issuer.key", key)
    elif content == "p256":
        key.write_bytes(ECKey.generate_key("P-256").as_pem(private=False))
    elif isinstance(content, bytes):
        key.write_bytes(content)
    found = world.verify(world.text, issuer=key)
    assert found.status == "unknown" and found.document == {}


def test_without_the_certificate_nobody_can_tell(world: World, tmp_path: Path) -> None:
    assert verify(tmp_path / "none.jwt", issuer=world.key).status == "unknown"
    assert verify(tmp_path, issuer=world.key).status == "unknown"


class TestIssuer:
    def test_a_key_is_never_written_over(self, world: World) -> None:
        before = world.key.read_bytes()
        with pytest.raises(NoIssuer):
            Issuer.make(world.room / "issuer", "word", **WHO)
        assert world.key.read_bytes() == before

    def test_its_key_is_private_and_asks_for_a_password(self, world: World, tmp_path: Path) -> None:
        private = world.room / "issuer" / "issuer.key"
        assert private.stat().st_mode & 0o077 == 0 and b"ENCRYPTED" in private.read_bytes()
        for directory, password in [(world.room / "issuer", "other"), (tmp_path, "word")]:
            with pytest.raises(NoIssuer):
                Issuer(directory, password, **WHO)
        with pytest.raises(NoIssuer):
            Issuer.make(tmp_path / "new", "", **WHO)

    def test_what_it_issues_says_how_it_was_judged(self, world: World) -> None:
        assert [one["genre"] for one in world.document["evidence"]] == ["together", "apart"]
        world.issuer.renew(now=NOW)
        assert "could have forged the points" in world.verify(world.text).text()


class TestMutations:
    """Whatever is changed, in the file or before it is signed by another key, it is never valid."""

    @examples(60)
    @given(data=st.data())
    def test_of_the_file(self, world: World, data: st.DataObject) -> None:
        raw = bytearray(world.text.encode())
        at = data.draw(st.integers(0, len(raw) - 1))
        end = data.draw(st.integers(at, min(at + 3, len(raw))))
        raw[at:end] = data.draw(st.binary(max_size=3) | st.sampled_from([b".", b"=", b"A", b"-", b"_", b"\n"]))
        assume(bytes(raw) != world.text.encode())
        assert world.verify(bytes(raw)).status == "invalid"

    @examples(40)
    @given(data=st.data())
    def test_of_the_document_and_header_signed_by_another(self, world: World, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(world.document)))
        value = data.draw(st.text(max_size=20) | st.integers() | st.none() | st.just(world.document[name]))
        extra = data.draw(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "cty", "jwk"]), st.text(max_size=9)))
        shown = world.signed({**world.document, name: value}, world.thief, **extra)
        assert world.verify(shown).status == "invalid"


def test_the_threat_model_names_each_finding() -> None:
    page = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    section = page.partition("## Certificates")[2].partition("\n## ")[0]
    kinds = set(get_args(Kind)) - {"unknown"}
    assert {kind for kind in kinds if f"`{kind}`" not in section} == set()
    assert kinds - {kind for kind, _ in FORGERIES.values()} == {"other-learner", "not-held", "revoked"}


@pytest.mark.parametrize("name", ["", "a" * 501])
def test_a_name_that_does_not_fit_is_refused_and_nothing_is_issued(world: World, tmp_path: Path, name: str) -> None:
    before = world.issuer.register()
    with pytest.raises(NotFit, match="The learner's name"):
        world.issuer.issue(name, CLAIMS, now=NOW)
    with pytest.raises(NotFit, match="The issuer's name"):
        Issuer.make(tmp_path / "issuer", "word", **{**WHO, "name": name})
    with pytest.raises(NotFit, match="The issuer's address"):
        Issuer(world.key.parent, "word", **{**WHO, "email": name})
    assert world.issuer.register() == before and not (tmp_path / "issuer").exists()


def test_the_longest_name_is_verified(world: World, tmp_path: Path) -> None:
    line, text = world.issuer.issue("a" * documents.TEXT, CLAIMS, now=NOW)
    (tmp_path / "a.jwt").write_text(text)
    assert verify(tmp_path / "a.jwt", issuer=world.key, learner=line.learner, now=LATER)


def test_a_claim_that_does_not_fit_is_refused_and_nothing_is_issued(world: World) -> None:
    before = world.issuer.register()
    with pytest.raises(NotFit, match="was not issued"):
        world.issuer.issue("bob", [replace(CLAIMS[0], text="a" * 501)], now=NOW)
    assert world.issuer.register() == before
