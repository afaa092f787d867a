"""Hostile uploads: whatever is sent, the registry answers with a refusal, never with a fault or a stray file."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from helpers.clients.registry import pack
from helpers.compliance.module_rules import archive
from helpers.servers.registry_server.app import create_app
from tests.repeats import examples
from tests.servers.conftest import MODULE, write

FUZZ = examples(60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FlaskClient, dict[str, str], bytes]]:
    folder = tmp_path_factory.mktemp("registry")
    app = create_app(folder)
    token = (folder / "admin.token").read_text()
    good = pack(write(tmp_path_factory.mktemp("module"), MODULE))
    yield app.test_client(), {"Authorization": f"Bearer {token}"}, good
    assert not list((folder / "incoming").iterdir()) and not list((folder / "modules").iterdir())


Site = tuple[FlaskClient, dict[str, str], bytes]


def send(site: Site, package: bytes, bundle: bytes = b"", version: str = "1.0.0") -> Any:
    form = {"archive": (io.BytesIO(package), "a"), "bundle": (io.BytesIO(bundle), "b")}
    answer = site[0].post(f"/v1/modules/vision/gpu-workspace/null/{version}", data=form, headers=site[1])
    assert answer.status_code < 500, answer.text
    assert answer.json["errors"] and "Traceback" not in answer.text
    return answer


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, data in members:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue())


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@FUZZ
@given(package=st.binary(max_size=3000), bundle=st.binary(max_size=500), zipped=st.booleans())
def test_random_bytes(site: Site, package: bytes, bundle: bytes, zipped: bool) -> None:
    assert send(site, gzip.compress(package) if zipped else package, bundle).status_code == 422


@FUZZ
@given(data=st.data())
def test_mutated_archives(site: Site, data: st.DataObject) -> None:
    plain = bytearray(gzip.decompress(site[2]))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(plain) - 1))
        plain[place] = data.draw(st.integers(0, 255))
    assert send(site, gzip.compress(bytes(plain))).status_code == 422


@FUZZ
@given(cut=st.integers(0, 2000))
def test_archives_cut_short(site: Site, cut: int) -> None:
    assert send(site, site[2][: min(cut, len(site[2]) - 1)]).status_code == 422


@FUZZ
@given(name=st.text(max_size=60), body=st.binary(max_size=60))
def test_any_file_name(site: Site, name: str, body: bytes) -> None:
    try:
        package = tarred((entry(name), body))
    except (UnicodeError, ValueError):
        return
    assert send(site, package).status_code == 422


@FUZZ
@given(text=st.text(max_size=200))
def test_any_manifest_and_changelog(site: Site, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    files = ("module.yaml", "CHANGELOG.md", "README.md", "variables.tf", "a.tftest.hcl")
    assert send(site, tarred(*((entry(n), data) for n in files))).status_code == 422


@FUZZ
@given(version=st.text(max_size=40).filter(lambda v: "/" not in v and v not in (".", "..")))
def test_any_version(site: Site, version: str) -> None:
    from urllib.parse import quote

    quoted = quote(version, safe="", errors="replace")
    answer = site[0].post(
        f"/v1/modules/vision/x/null/{quoted}", headers=site[1], data={"archive": (io.BytesIO(b""), "a")}
    )
    assert answer.status_code < 500


@FUZZ
@given(
    body=st.binary(max_size=400), kind=st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=x", ""])
)
def test_any_body(site: Site, body: bytes, kind: str) -> None:
    headers = {**site[1], "Content-Type": kind}
    assert 400 <= site[0].post("/v1/modules/vision/x/null/1.0.0", data=body, headers=headers).status_code < 500


@FUZZ
@given(
    bundle=st.recursive(
        st.none() | st.integers() | st.text(max_size=10),
        lambda inner: st.dictionaries(
            st.sampled_from(["verificationMaterial", "publicKey", "hint", "messageSignature", "signature"]), inner
        ),
        max_leaves=8,
    )
)
def test_any_bundle(site: Site, bundle: Any) -> None:
    import json

    assert "signature" in send(site, site[2], json.dumps(bundle).encode()).text


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (entry("../../evil.tf"), "points outside the module"),
        (entry("/etc/evil"), "points outside the module"),
        (entry("a\\..\\b.tf"), "points outside the module"),
        (entry("link", tarfile.SYMTYPE, "/etc/passwd"), "symbolic link"),
        (entry("hard", tarfile.LNKTYPE, "main.tf"), "hard link"),
        (entry("device", tarfile.CHRTYPE), "no regular file"),
        (entry("pipe", tarfile.FIFOTYPE), "no regular file"),
        (entry("a" * 201), "too long"),
        # Each would be a directory, or the configuration of git for who works in the unpacked module.
        (entry("."), "points outside the module"),
        (entry("x/../."), "points outside the module"),
        (entry("sub/.GIT/config"), "configuration of git"),
    ],
)
def test_hostile_entries_are_named(site: Site, member: tarfile.TarInfo, said: str) -> None:
    assert said in send(site, tarred((member, b""))).json["text"]


def test_case_and_folder_collisions(site: Site) -> None:
    assert "there twice" in send(site, tarred((entry("A.tf"), b""), (entry("a.tf"), b""))).text
    assert "is a file as well" in send(site, tarred((entry("a"), b""), (entry("a/b.tf"), b""))).text


def test_bombs_and_large_files(site: Site) -> None:
    bomb = gzip.compress(bytes(archive.MAX_UNPACKED + 1))
    assert len(bomb) < 100_000
    assert "unpacks to more than" in send(site, bomb).text
    assert "is larger than" in send(site, tarred((entry("big"), bytes(archive.MAX_FILE + 1)))).text
    many = tarred(*((entry(f"f{n}"), b"") for n in range(archive.MAX_ENTRIES + 1)))
    assert "entries" in send(site, many).text
    assert send(site, bytes(archive.MAX_ARCHIVE + 2 * 1024 * 1024)).status_code == 413


def test_headers_of_long_names_that_follow_each_other(site: Site) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type = tarfile.GNUTYPE_LONGNAME
    chain = gzip.compress(header.tobuf(tarfile.GNU_FORMAT) * 5000)
    answer = send(site, chain)
    assert (answer.status_code, "not a readable tar file" in answer.text) == (422, True)


def test_a_file_is_never_written_outside(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(archive.BadArchive):
        archive.write(archive.unpack(tarred((entry("../out"), b"x"))), tmp_path / "in")
    assert not (tmp_path / "out").exists()
