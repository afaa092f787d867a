"""Another user listens on the port of a service that is stopped: no client sends it what authenticates."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import BotoCoreError

from helpers.clients.aws import cloud
from helpers.clients.flux.source_declaration import Declaration
from helpers.clients.forge import Forge, api
from helpers.clients.registry import Registry
from helpers.compliance.audit import Trail
from helpers.core import http, process
from helpers.core.errors import BadInput, CourseError
from helpers.runtime import cloud_access, services, sts, tools, trust
from helpers.runtime.services.sigstore import secret_file
from helpers.servers.flux.mirror import Mirror
from helpers.wrappers.cosign.keyless import Keyless
from helpers.wrappers.cosign.sigstore import NoToken, Sigstore
from helpers.wrappers.git import Git
from helpers.wrappers.pulumi import Pulumi, s3_backend
from helpers.wrappers.terraform import config
from helpers.wrappers.terraform.config import REGISTRY_HOST
from tests.running import kill
from tests.servers.impostor import Impostor


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "tls"])
def speaks_tls(request: pytest.FixtureRequest) -> Iterator[bool]:
    yield bool(request.param)


def meets(address: str, clients: dict[str, Callable[[], Any]], secret: str, *, tls: bool, challenge: str) -> None:
    """Let each client meet an impostor: it reaches it, fails, and nothing of the secret is heard."""
    word = http.basic("learner", secret)["Authorization"].removeprefix("Basic ")
    with Impostor(address, tls=tls, challenge=challenge) as impostor:
        for name, ask in clients.items():
            impostor.reached.clear()
            with pytest.raises(CourseError):
                ask()
            assert impostor.reached, f"{name} never came"
        assert b"authorization" not in impostor.heard.lower()
        assert secret.encode() not in impostor.heard and word.encode() not in impostor.heard


def test_git_server(tmp_path: Path, speaks_tls: bool) -> None:
    address = services.ensure("git").address
    learner = Forge()
    if "told" not in learner.repositories():
        learner.create("told", policy={"gates": False, "approvals": 0})
    git = learner.clone("told", tmp_path / "clone")
    (git.workdir / "file").write_text("one")
    git.add("file")
    git.commit("Begin")
    url, token = learner.server, learner.credentials().password
    # As somebody types it: without what our wrapper adds, only what the clone itself says.
    env = process.environment({"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"})
    typed = ["git", "-C", str(git.workdir), "fetch", "origin"]
    services.stop("git")
    (tmp_path / "mirror").mkdir()
    declared = Declaration(f"{url}/told.git")

    def by_hand() -> None:
        if process.run(typed, env=env, timeout=120).returncode != 0:
            raise CourseError("git failed")

    clients = {
        "the API": lambda: api.call(url, "learner", token, "GET", "/api/people"),
        "git push": lambda: git.push("origin", "main"),
        "git fetch": git.fetch,
        "git in a terminal": by_hand,
        "Flux's source": lambda: Mirror(tmp_path / "mirror").fetch(declared, ("learner", token)),
    }
    meets(address, clients, token, tls=speaks_tls, challenge="Basic")


def test_module_registry(tmp_path: Path, speaks_tls: bool) -> None:
    registry = Registry.local()
    address, token = services.ensure("registry").address, registry._token
    services.stop("registry")
    rc = tmp_path / "terraformrc"
    rc.write_text(
        f'host "{REGISTRY_HOST}" {{\n  services = {{ "modules.v1" = "https://{address}/v1/modules/" }}\n}}\n'
        f'credentials "{REGISTRY_HOST}" {{\n  token = "{token}"\n}}\n'
    )
    module = f'module "m" {{\n  source  = "{REGISTRY_HOST}/vision/told/null"\n  version = "1.0.0"\n}}\n'
    (tmp_path / "main.tf").write_text(module)
    env = process.environment({"TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1", **trust.go_trust()})

    def terraform() -> None:
        if process.run([tools.ensure("terraform").path, "get"], cwd=tmp_path, env=env, timeout=180).returncode:
            raise CourseError("terraform failed")

    meets(address, {"client": registry.search, "terraform": terraform}, token, tls=speaks_tls, challenge="Bearer")


def test_audit_log(speaks_tls: bool) -> None:
    address = services.ensure("audit").address
    trail = Trail(patience=0)
    # It knows the address, and looks for the service again only when that fails.
    trail.checkpoint()
    token = trail.directory.token()
    services.stop("audit")
    meets(address, {"the trail": trail.checkpoint}, token, tls=speaks_tls, challenge="Bearer")


def test_token_is_never_sent_in_clear() -> None:
    with pytest.raises(BadInput, match="in clear"):
        Registry("http://127.0.0.1:9", "a-token")


def test_pages_of_the_registry_take_no_token() -> None:
    registry = Registry.local()
    pages = registry.pages_url
    assert http.request("GET", f"{pages}/").ok
    refused = http.request("GET", f"{pages}/", headers={"Authorization": f"Bearer {registry._token}"})
    assert refused.status == 400 and "no token" in refused.text
    for method, path in (("GET", "/v1/modules/search"), ("POST", "/v1/admin/tokens"), ("GET", "/healthz")):
        assert http.request(method, f"{pages}{path}").status == 404
    assert http.request("GET", f"{pages}/", headers={"Host": "evil.test"}).status == 421


def test_nothing_of_ours_goes_by_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("git", "cloud"):
        services.ensure(name)
    learner = Forge()
    with Impostor("127.0.0.1:0", tls=False, challenge="Basic") as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.address}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert learner.people()
        if "proxied" not in learner.repositories():
            learner.create("proxied", policy={"gates": False})
        git = learner.clone("proxied", tmp_path / "clone")
        assert isinstance(git, Git)
        assert cloud.client("sts").get_caller_identity()["Account"]
        assert not proxy.reached and proxy.heard == b""


def test_local_cloud(tmp_path: Path, speaks_tls: bool) -> None:
    """Requests to it are signed, not told a secret; but a session token and what is uploaded travel with them."""
    service = services.ensure("cloud")
    env, url, key, ca = cloud.environment("vision"), service.url, cloud.local_key(), cloud_access.ca_file()
    s3 = cloud.client("s3", "vision")
    (tmp_path / "Pulumi.yaml").write_text("name: told\nruntime: yaml\n")
    pulumi = Pulumi(tmp_path, backend=s3_backend("acme-told"), passphrase="x", env={**env, "AWS_MAX_ATTEMPTS": "1"})
    programs = {name: _terraform(tmp_path / name, text, env) for name, text in _TOLD.items()}
    programs["state backend"] = _terraform(tmp_path / "state", _BACKEND, env, "init")
    services.stop("cloud")

    def sdk() -> None:
        with _as_ours():
            s3.put_object(Bucket="acme-told", Key="a", Body=env["AWS_SESSION_TOKEN"])

    def sign_in() -> None:
        with _as_ours():
            sts.assume_role(url, *key, cloud.REGION, role="arn:aws:iam::1:role/a", session="s", seconds=900, ca=ca)

    clients = {"boto3": sdk, "AssumeRole": sign_in, "Pulumi's backend": pulumi.stacks, **programs}
    meets(service.address, clients, env["AWS_SESSION_TOKEN"], tls=speaks_tls, challenge="Basic")


_BACKEND = """terraform {
  backend "s3" {
    bucket                      = "acme-told"
    key                         = "a.tfstate"
    region                      = "eu-central-1"
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    max_retries                 = 1
  }
}
"""
#: A configuration that asks the cloud, by what in Terraform asks it.
_TOLD = {
    "provider": """terraform {
  required_providers {
    platform = { source = "acme.test/platform/platform" }
  }
}

data "platform_account" "here" {}
"""
}


def _terraform(folder: Path, text: str, env: Mapping[str, str], command: str = "plan") -> Callable[[], None]:
    """Return a run of Terraform as somebody types it, with the variables of an account; what comes before is done."""
    folder.mkdir()
    (folder / "main.tf").write_text(text)
    argv: list[str | Path] = [tools.ensure("terraform").path, command, "-input=false", "-no-color"]
    variables = process.environment({**env, **config.environment_for(own_access=True), "AWS_MAX_ATTEMPTS": "1"})
    if command != "init":
        assert process.run([argv[0], "init"], cwd=folder, env=variables, timeout=180).returncode == 0

    def run() -> None:
        done = process.run(argv, cwd=folder, env=variables, timeout=180)
        if done.returncode:
            raise CourseError("terraform failed", why=done.stderr)

    return run


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except (http.NoAnswer, BotoCoreError) as error:
        raise CourseError("no answer", why=str(error)) from None


def test_fulcio_that_was_killed_alone(tmp_path: Path, speaks_tls: bool) -> None:
    """The issuer still gives tokens; cosign sends one only to who has a certificate for Fulcio's port."""
    site = Sigstore.local()
    record = json.loads((site.folder / "service.json").read_text())
    (pid,) = (one["pid"] for one in record["processes"] if one["name"] == "fulcio")
    (tmp_path / "a.txt").write_text("signed by nobody")
    signer = Keyless(tmp_path, sigstore=site)
    signed = signer.sign_blob("a.txt", identity="ada@acme.test")
    assert signed
    kill(pid)
    token, address = site.token("ada@acme.test"), urlsplit(site.fulcio).netloc
    clients = {"cosign": lambda: signer.sign_blob("a.txt", identity="ada@acme.test")}
    meets(address, clients, token, tls=speaks_tls, challenge="Bearer")
    # Its gRPC server is reached by its own HTTP server only, which verifies it too: `localhost` may be another address.
    services.stop("sigstore")


def test_fulcio_is_down_only_when_the_issuer_is(speaks_tls: bool) -> None:
    """Where Fulcio was stopped there is no token to be sent."""
    known = Sigstore.local()
    identity = min(json.loads(secret_file(known.folder).read_text()))
    secret = known.token(identity)
    services.stop("sigstore")
    address = known.fulcio.removeprefix("https://")
    with Impostor(address, tls=speaks_tls, challenge="Bearer") as impostor:
        with pytest.raises(NoToken):
            known.token(identity)
        # Whoever starts it again is told that the port is taken, or gets another one; never the impostor's answers.
        with contextlib.suppress(CourseError):
            assert Sigstore.local().fulcio != known.fulcio
        assert b"authorization" not in impostor.heard.lower() and secret.encode() not in impostor.heard
