"""What is taken for a secret, what is not, and that a finding never says the secret."""

from __future__ import annotations

import base64
import string
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.compliance.gates import scan_secrets
from helpers.core import process
from helpers.core.paths import IAC
from tests.repeats import examples

# Put together here, so that no scanner takes this file for a leak.
TOKENS = {
    "private-key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "age-key": "AGE-SECRET-" + "KEY-1" + "Q3K7" * 14,
    "aws-access-key": "AKIA" + "Q3K7ABCDEFGH2345",
    "github-token": "ghp_" + "a1B2" * 9,
    "gitlab-token": "glpat-" + "a1B2-" * 4,
    "slack-token": "xoxb-" + "1234567890-abc",
    "google-key": "AIza" + "a1B2_" * 7,
    "vault-token": "hvs." + "CAES" * 8,
    "npm-token": "npm_" + "a1B2" * 9,
    "pypi-token": "pypi-" + "AgEI" * 14,
    "huggingface-token": "hf_" + "aBcD" * 9,
    "openai-key": "sk-proj-" + "a1B2" * 10,
    "stripe-key": "sk_live_" + "a1B2" * 6,
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "abcDEF123456_-",
    "password-in-url": "postgres://app:" + "s3cr3tpw@db.acme.test/x",
}


@pytest.mark.parametrize("rule", TOKENS)
def test_a_known_format_is_found_wherever_it_is(rule: str) -> None:
    token = TOKENS[rule]
    for text in (token, f"x = 1\n\nkey: {token}\n", f'{{"a": "{token}"}}', f"# {token} of old", f"'{token}'"):
        (finding,) = scan_secrets({"a/file.yaml": text})
        assert finding.rule == rule and finding.file == "a/file.yaml"
        assert finding.line == text[: text.index(token)].count("\n") + 1
        assert token not in repr(finding) and token[-8:] not in finding.message


SECRETS = [
    "password: hunter2-but-longer!",
    'db_password = "correct horse"'.replace(" horse", "horse9x"),
    "API_KEY=" + "q9Zr4Lw8Tn2Vb6Xy",
    '"client_secret": "' + "8f4b2c9d1e7a3f6b5c0d8e2a" + '"',
    "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYq9z8x7w6v5",
    "export VAULT_TOKEN=" + "q9Zr4Lw8Tn2Vb6Xy",
    'registryPassword: "welcome-to-acme"',
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_given_to_a_name_is_found(line: str) -> None:
    (finding,) = scan_secrets({"settings.yaml": f"a: 1\n{line}\n"})
    assert finding.rule == "assigned-secret" and finding.line == 2
    value = line.split("=" if "=" in line else ":", 1)[1].strip(" \"'")
    assert value not in repr(finding)


HARMLESS = [
    "passwordSecretRef: {name: inference-store, key: password}",
    "secretName: inference-tls-certificate",
    "  secretKeyRef: {name: store, key: token}",
    "existingSecret: grafana-admin-2024",
    "automountServiceAccountToken: false",
    "tokenExpirationSeconds: 3600000000",
    "password: ${DB_PASSWORD}",
    "token: {{ .Values.token }}",
    "password: <your-password-here>",
    "api_key: changeme-please",
    "VAULT_TOKEN: vault:secret/data/inference#token",
    "password: ENC[AES256_GCM,data:abcd1234,iv:x,tag:y,type:str]",
    "secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf",
    "image_pull_secret: registry-credentials",
    "url: postgres://app:${PASSWORD}@db/x",
    "see https://user@acme.test/path:80@x",
    "secret: sha256:" + "ab" * 32,
    "token_digest: " + "0123456789abcdef" * 4,
    "The password is in the vault, ask the team.",
    "public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0sxuRXZ0yVh2p5Jb2d8Yw1m4q9Lr7",
    "-----BEGIN PUBLIC KEY-----",
    "commit: 8f4b2c9d1e7a3f6b5c0d8e2a8f4b2c9d1e7a3f6b",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_ways_to_a_secret_are_none(line: str) -> None:
    assert scan_secrets({"settings.yaml": line}) == ()


NAMES = st.sampled_from(["image", "digest", "sha256", "commit", "checksum", "targetRevision", "resourceVersion", "uid"])
HEX = st.text("0123456789abcdef", min_size=32, max_size=64)


@examples(300)
@given(NAMES, HEX, st.sampled_from(["", "sha256:", "images.acme.test/vision/inference@sha256:", "h1:"]))
@example("digest", "0" * 64, "sha256:")
def test_digests_and_hashes_are_no_secrets(name: str, value: str, prefix: str) -> None:
    for text in (f"{name}: {prefix}{value}", f'"{name}": "{prefix}{value}",', f"{name}={prefix}{value}"):
        assert scan_secrets({"x.yaml": text, "x.json": text, "x.txt": text}) == ()


@examples(100)
@given(st.binary(min_size=32, max_size=32))
def test_lock_files_are_no_secrets(raw: bytes) -> None:
    encoded = base64.b64encode(raw).decode()
    lines = f"github.com/acme/x v1.0.0 h1:{encoded}\nintegrity: sha512-{encoded}\n  - checksum: {raw.hex()}\n"
    assert scan_secrets({"go.sum": lines, "lock.yaml": lines}) == ()


VALUE = st.text(string.ascii_letters + string.digits, min_size=24, max_size=60)


@examples(200)
@given(VALUE, st.sampled_from(["github", "assigned", "kubernetes", "url"]))
def test_a_finding_never_says_the_secret(value: str, kind: str) -> None:
    text = {
        "github": f"x: ghp_{value}{value}",
        "assigned": f'password = "{value}"',
        "kubernetes": f"apiVersion: v1\nkind: Secret\nstringData:\n  k: '{value}'\n",
        "url": f"redis://me:{value}@cache",
    }[kind]
    for finding in scan_secrets({"f.yaml": text}):
        assert value not in repr(finding)


@examples(200)
@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_text_is_scanned(text: str) -> None:
    scan_secrets({"f.yaml": text, "f.py": text, "f": text})
    scan_secrets({"f.yaml": f"kind: Secret\ndata: {text}"})


class TestKubernetes:
    def test_base64_hides_nothing(self) -> None:
        inside = base64.b64encode(TOKENS["aws-access-key"].encode()).decode()
        text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata:\n  key: {inside}\n"
        assert [(f.rule, f.line) for f in scan_secrets({"s.yaml": text})] == [
            ("aws-access-key", 5),
            ("kubernetes-secret", 5),
        ]

    def test_in_a_list_in_json_and_among_others(self) -> None:
        secret = '{"kind": "Secret", "data": {"a": "eA=="}}'
        for text in (f'{{"kind": "List", "items": [{secret}]}}', secret, f"kind: ConfigMap\n---\n{secret}\n"):
            assert [f.rule for f in scan_secrets({"s.json": text})] == ["kubernetes-secret"]

    def test_an_encrypted_or_empty_secret_may_be_there(self) -> None:
        sealed = "kind: Secret\nstringData:\n  a: ENC[AES256_GCM,data:x,type:str]\nsops: {mac: x}\n"
        empty = "kind: Secret\nmetadata: {name: x}\ndata: {}\n"
        external = (
            "kind: ExternalSecret\nspec:\n  data:\n  - secretKey: password\n    remoteRef: {key: inference/store}\n"
        )
        assert scan_secrets({"a.yaml": sealed, "b.yaml": empty, "c.yaml": external}) == ()

    def test_one_plain_value_among_encrypted_ones(self) -> None:
        text = "kind: Secret\nstringData:\n  a: ENC[x]\n  b: plain\nsops: {}\n"
        assert [f.rule for f in scan_secrets({"a.yaml": text})] == ["kubernetes-secret"]

    def test_what_cannot_be_parsed_is_not_passed_over(self) -> None:
        assert [f.rule for f in scan_secrets({"a.yaml": "kind: Secret\ndata: [\n"})] == ["secret-unreadable"]


def test_files_and_patterns(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"\xff\xfe" + TOKENS["npm-token"].encode("utf-16-le"))
    found = scan_secrets([tmp_path / "a.txt", tmp_path / "b.txt"], ignore=["*/b.txt"])
    assert [Path(f.file).name for f in found] == ["a.txt"]


def test_the_story_is_clean() -> None:
    files = [path for path in (IAC / "gitops").rglob("*") if path.is_file()]
    assert len(files) > 40 and scan_secrets(files) == ()


#: Texts that a pattern with two readings of a word, or one that begins again everywhere, would be busy with for days.
BUSY = {
    "words": "password: '" + "-".join(["word"] * 39) + "~'\n",
    "camel case": "token = " + "aB" * 90 + "~\n",
    "beginnings of tokens": "eyJ" + "eyJaaaaaaaaaaaa-" * 60_000,
    "tokens without an end": ("eyJ" + "a" * 390 + ".eyJ" + "b" * 7_900 + "~") * 200,
    "many of them": "a://b:c@d\n" * 100_000 + "password = hunter2hunter2\n",
    "aliases": "kind: Secret\na0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
    "names": "secret_" * 150_000,
}


@pytest.mark.parametrize("text", BUSY.values(), ids=list(BUSY))
def test_no_text_keeps_it_busy(text: str, tmp_path: Path) -> None:
    (tmp_path / "busy.yaml").write_text(text)
    asked = "import sys; from helpers.wrappers.secret_scan import scan_secrets; print(len(scan_secrets(sys.argv[1:])))"
    done = process.run([sys.executable, "-c", asked, str(tmp_path / "busy.yaml")], timeout=120)
    assert done.returncode == 0, done.stderr


def test_many_findings_keep_their_lines() -> None:
    text = "".join(f"# {n}\npassword: 'hunter{n}two!x'\n" for n in range(200))
    assert [f.line for f in scan_secrets({"a.yaml": text})] == [2 * n + 2 for n in range(200)]
