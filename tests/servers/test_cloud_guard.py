"""Attacks on the local cloud: by another user of the machine, by a web page, by who changes what was signed."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from helpers.clients.aws import cloud
from helpers.runtime import cloud_access, services
from helpers.servers.cloud import sigv4

SECRET = "what-only-we-know"
TARGET = "secretsmanager.GetSecretValue"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    cloud.reset()
    cloud.client("secretsmanager").create_secret(Name="wandb", SecretString=SECRET)
    yield str(cloud.url())


@pytest.fixture
def facts() -> Callable[[], Any]:
    return lambda: cloud.signed_request("GET", "/course/facts").json()


def send(
    url: str, method: str = "POST", path: str = "/", body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send exactly these headers, with the Host of *url* unless they name another."""
    place = urlsplit(url)
    context = ssl.create_default_context(cafile=cloud_access.ca_file())
    connection = http.client.HTTPSConnection("127.0.0.1", place.port or 0, timeout=60, context=context)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": place.netloc, "Content-Length": str(len(body)), **(headers or {})}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    answer = connection.getresponse()
    got = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return got


def signed(
    url: str,
    body: bytes = b'{"SecretId":"wandb"}',
    *,
    account: str = "platform",
    service: str = "secretsmanager",
    path: str = "/",
    method: str = "POST",
    more: dict[str, str] | None = None,
) -> dict[str, str]:
    held = cloud.assume(account)
    key = Credentials(held.access_key_id, held.secret_access_key, held.session_token)
    kind = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}
    asked = AWSRequest(method, url + path, data=body, headers={**kind, **(more or {})})
    SigV4Auth(key, service, cloud.REGION).add_auth(asked)
    return dict(asked.headers)


BODY = b'{"SecretId":"wandb"}'


def test_signed_request_is_answered(url: str) -> None:
    status, headers, body = send(url, body=BODY, headers=signed(url))
    assert (status, json.loads(body)["SecretString"]) == (200, SECRET)
    assert not [name for name in headers if name.startswith("access-control")]


def change(name: str, value: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {**headers, name: value}


def without(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {k: v for k, v in headers.items() if k not in names}


#: What is done to a request that would be answered -> what the answer names.
ATTACKS: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], int, str]] = {
    "no credential": (without("Authorization", "X-Amz-Security-Token"), 403, "MissingAuthenticationToken"),
    "no session token": (without("X-Amz-Security-Token"), 403, "InvalidClientTokenId"),
    "session token of another": (change("X-Amz-Security-Token", "FQoGZXIvYXdzE"), 403, "InvalidClientTokenId"),
    "another host": (change("Host", "evil.test"), 421, "AccessDenied"),
    "rebound name": (change("Host", "evil.test:80"), 421, "AccessDenied"),
    "a web page": (change("Origin", "https://evil.test"), 403, "AccessDenied"),
    "a page without an origin": (change("Origin", "null"), 403, "AccessDenied"),
    "a page's image": (change("Sec-Fetch-Site", "cross-site"), 403, "AccessDenied"),
    "another time": (change("X-Amz-Date", "20200101T000000Z"), 403, "SignatureDoesNotMatch"),
    "another operation": (change("X-Amz-Target", "secretsmanager.DeleteSecret"), 403, "SignatureDoesNotMatch"),
    "a header added": (change("X-Amz-Acl", "public-read"), 403, "SignatureDoesNotMatch"),
    "another account": (change("X-Moto-Account-Id", "333333333333"), 403, "AccessDenied"),
    "another digest": (change("X-Amz-Content-SHA256", "0" * 64), 403, "SignatureDoesNotMatch"),
    "not a credential": (change("Authorization", "Bearer hello"), 403, "IncompleteSignature"),
    "many headers": (lambda headers: headers | {f"X-{n}": "y" * 4000 for n in range(20)}, 431, "RequestHeader"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused_by_name(url: str, attack: str) -> None:
    changed, status, name = ATTACKS[attack]
    got, headers, body = send(url, body=BODY, headers=changed(signed(url)))
    assert (got, SECRET in body.decode()) == (status, False)
    assert name in headers["x-amzn-errortype"]


def test_changed_body_path_and_query_are_refused(url: str) -> None:
    other = b'{"SecretId":"WANDB"}'
    assert send(url, body=other, headers=signed(url))[0] == 403
    assert send(url, path="/?Action=DeleteSecret", body=BODY, headers=signed(url))[0] == 403
    assert send(url, path="/models", body=BODY, headers=signed(url))[0] == 403
    assert send(url, method="PUT", body=BODY, headers=signed(url))[0] == 403


def test_digest_that_is_signed_must_be_the_one_of_the_body(url: str) -> None:
    named = signed(url, more={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert send(url, body=BODY, headers=named)[0] == 400


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_upload_may_go_without_a_digest_only_where_tls_protects_it(scheme: str) -> None:
    held, at = Credentials("KEY", "SECRET"), datetime.now(UTC)
    # This is what boto3 and the SDK for Go sign when they upload by https.
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "X-Amz-Date": at.strftime("%Y%m%dT%H%M%SZ")}
    asked = AWSRequest("PUT", "https://127.0.0.1:1/models/a", data=b"one", headers={**headers, "Host": "127.0.0.1:1"})
    SigV4Auth(held, "s3", cloud.REGION).add_auth(asked)
    sent = {f"HTTP_{name.upper().replace('-', '_')}": str(value) for name, value in asked.headers.items()}
    sent |= {"REQUEST_METHOD": "PUT", "REQUEST_URI": "/models/a", "wsgi.url_scheme": scheme}

    def judge(body: bytes) -> None:
        sigv4.verify(sent, body, sigv4.parse(sent), sigv4.Secret("SECRET"), at.timestamp())

    if scheme == "https":
        judge(b"one")
    else:
        with pytest.raises(sigv4.Denied, match="signed digest"):
            judge(b"one")


def test_key_acts_for_its_own_account_only(url: str) -> None:
    asked = {"X-Moto-Account-Id": cloud.account_id("platform")}
    status, _, body = send(url, body=BODY, headers=signed(url, account="vision", more=asked))
    assert (status, SECRET in body.decode()) == (403, False)
    ours, theirs = cloud.client("s3"), cloud.client("s3", "vision")
    place = {"CreateBucketConfiguration": {"LocationConstraint": cloud.REGION}}
    ours.create_bucket(Bucket="platform-models", **place)
    ours.put_object(Bucket="platform-models", Key="weights", Body=b"1")
    theirs.create_bucket(Bucket="vision-models", **place)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        theirs.copy_object(Bucket="vision-models", Key="weights", CopySource="platform-models/weights")
    presigned = urlsplit(ours.generate_presigned_url("get_object", {"Bucket": "platform-models", "Key": "weights"}))
    assert send(url, "GET", f"{presigned.path}?{presigned.query}")[0] == 403


@pytest.mark.parametrize("stated", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"])
def test_upload_in_signed_pieces_is_refused_as_nobody_verifies_them(url: str, stated: str) -> None:
    body = b"3;chunk-signature=%b\r\nabc\r\n0;chunk-signature=%b\r\n\r\n" % (b"0" * 64, b"0" * 64)
    more = {"X-Amz-Content-SHA256": stated, "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "3"}
    headers = signed(url, body, service="s3", path="/any/key", method="PUT", more=more)
    assert send(url, "PUT", "/any/key", body, headers)[0] == 400


def test_session_that_is_over_is_refused(url: str) -> None:
    short = Config(parameter_validation=False)
    options = cloud.client_options(url)
    sts = cloud.session("platform").client(
        "sts", **{**options, "config": short.merge(options.get("config") or Config())}
    )
    role = f"arn:aws:iam::{cloud.account_id('vision')}:role/platform-deployer"
    over = sts.assume_role(RoleArn=role, RoleSessionName="short", DurationSeconds=-1)["Credentials"]
    key = over["AccessKeyId"], over["SecretAccessKey"], over["SessionToken"]
    late = boto3.session.Session(*key, region_name=cloud.REGION).client("sts", **options)
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        late.get_caller_identity()


@pytest.mark.parametrize("length", ["-1", "x", "99999999999", "1e3"])
def test_length_that_is_none_or_too_large(url: str, length: str) -> None:
    assert send(url, headers={**signed(url), "Content-Length": length})[0] in (400, 413)


def test_preflight_is_refused_and_says_nothing_to_pages(url: str) -> None:
    asked = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    status, headers, _ = send(url, method="OPTIONS", path="/models", headers=asked)
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/data.json", "/course/facts", "/latest/meta-data/"])
def test_what_is_not_of_aws_is_asked_with_the_installations_key_only(
    url: str, path: str, facts: Callable[[], Any]
) -> None:
    before = facts()
    assert send(url, path=path)[0] == 403
    assert send(url, path=path, body=BODY, headers=signed(url, path=path))[0] == 403
    assert facts() == before


@pytest.mark.parametrize("service", ["batch", "lambda", "codebuild", "sagemaker", "ecs"])
def test_what_starts_containers_elsewhere_is_not_served(url: str, service: str) -> None:
    status, _, body = send(url, body=BODY, headers=signed(url, service=service))
    assert (status, f"does not serve &#39;{service}&#39;" in body.decode() or f"'{service}'" in body.decode()) == (
        403,
        True,
    )


def test_key_of_another_installation_or_of_nobody_is_refused(url: str) -> None:
    for key in (("local", "local"), ("AKIAIOSFODNN7EXAMPLE", "x" * 40)):
        session = boto3.session.Session(*key, region_name=cloud.REGION)
        sts = session.client("sts", **cloud.client_options(url))
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            sts.assume_role(RoleArn="arn:aws:iam::111111111111:role/platform-deployer", RoleSessionName="thief")
        assert caught.value.response["Error"]["Code"] in ("SignatureDoesNotMatch", "InvalidClientTokenId")
        s3 = session.client("s3", **cloud.client_options(url))
        with pytest.raises(botocore.exceptions.ClientError):
            s3.list_buckets()


def test_session_ends_when_the_cloud_is_emptied(url: str) -> None:
    # moto forgets the session, and would then act in its default account.
    held = cloud.session("vision")
    cloud.reset()
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        held.client("sts", **cloud.client_options(url)).get_caller_identity()
    cloud.client("secretsmanager").create_secret(Name="wandb", SecretString=SECRET)


def test_deactivated_key_of_a_user_is_refused(url: str) -> None:
    iam = cloud.client("iam", "speech")
    iam.create_user(UserName="trainer")
    made = iam.create_access_key(UserName="trainer")["AccessKey"]
    session = boto3.session.Session(made["AccessKeyId"], made["SecretAccessKey"], region_name=cloud.REGION)
    sts = session.client("sts", **cloud.client_options(url))
    assert sts.get_caller_identity()["Account"] == cloud.account_id("speech")
    iam.update_access_key(UserName="trainer", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def test_passwords_differ_and_keys_cannot_be_computed(url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = cloud.client("secretsmanager")
    assert len({manager.get_random_password()["RandomPassword"] for _ in range(3)}) == 3
    cloud.reset()
    here = cloud.assume("vision")
    # Another installation, the same first request.
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    cloud_access.forget()
    there = cloud.assume("vision")
    services.stop("cloud")
    cloud_access.forget()
    assert here.access_key_id == there.access_key_id
    assert here.secret_access_key != there.secret_access_key
    assert here.session_token != there.session_token


def test_slow_and_many_clients_do_not_keep_others_out(url: str) -> None:
    place = urlsplit(url)
    slow = [socket.create_connection(("127.0.0.1", place.port or 0)) for _ in range(40)]
    try:
        for one in slow:
            one.sendall(b"POST / HTTP/1.1\r\nHost: ")
        assert cloud.client("sts").get_caller_identity()["Account"] == cloud.account_id("platform")
    finally:
        for one in slow:
            one.close()


def test_key_is_readable_by_its_owner_only() -> None:
    file = services.data("cloud") / "access.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.parent.stat().st_mode & 0o077 == 0
