"""AssumeRole without botocore: signed as botocore signs, and faults are told."""

from __future__ import annotations

import datetime as dt
import http.server
import threading
from collections.abc import Iterator

import pytest

from helpers.core.http import NoAnswer
from helpers.runtime import sts

ROLE = {"role": "arn:aws:iam::222222222222:role/platform-deployer", "session": "test", "seconds": 900}


def test_the_signature_is_that_of_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    body, at = b"Action=AssumeRole&RoleArn=arn%3Aaws", dt.datetime(2026, 3, 1, 9, 5, 7, tzinfo=dt.UTC)
    ours = sts.signed("http://127.0.0.1:4566", body, "KEY", "the/secret+part", "eu-central-1", at)
    request = botocore.awsrequest.AWSRequest(
        "POST", "http://127.0.0.1:4566/", headers={"Content-Type": ours["content-type"]}, data=body
    )
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: at.replace(tzinfo=None))
    botocore.auth.SigV4Auth(botocore.credentials.Credentials("KEY", "the/secret+part"), "sts", "eu-central-1").add_auth(
        request
    )
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]


@pytest.fixture
def answers() -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """A server that answers what it is told to: status and body, one after the other."""
    told: list[tuple[int, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, text = told.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", told
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (
            403,
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>AccessDenied</Code>'
            "<Message>You may not.</Message></Error></ErrorResponse>",
            "You may not.",
        ),
        (200, "<Answer/>", r"The answer \(200\) has no credentials"),
        (502, "<html><p>Bad gateway", r"The answer \(502\) is not XML"),
    ],
)
def test_a_refusal_is_told(answers: tuple[str, list[tuple[int, str]]], status: int, text: str, said: str) -> None:
    url, told = answers
    told.append((status, text))
    with pytest.raises(sts.Refused, match=said):
        sts.assume_role(url, "KEY", "SECRET", "eu-central-1", **ROLE)  # type: ignore[arg-type]


def test_nobody_there() -> None:
    with pytest.raises(NoAnswer):
        sts.assume_role("http://127.0.0.1:9", "KEY", "SECRET", "eu-central-1", **ROLE)  # type: ignore[arg-type]
