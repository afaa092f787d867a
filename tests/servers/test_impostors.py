"""Another user listens on the port of a service that is stopped: no client sends it what authenticates."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.clients.aws import cloud
from helpers.clients.flux.source_declaration import Declaration
from helpers.clients.forge import Forge, api
from helpers.clients.registry import Registry
from helpers.compliance.audit import Trail
from helpers.core import http, process
from helpers.core.errors import BadInput, CourseError
from helpers.runtime import services, tools, trust
from helpers.runtime.services.sigstore import secret_file
from helpers.servers.flux.mirror import Mirror
from helpers.wrappers.cosign.sigstore import NoToken, Sigstore
from helpers.wrappers.git import Git
from helpers.wrappers.terraform.config import REGISTRY_HOST
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


def test_fulcio_is_down_only_when_the_issuer_is(speaks_tls: bool) -> None:
    """cosign sends its token without TLS; so where Fulcio was stopped there is no token to be sent."""
    known = Sigstore.local()
    identity = min(json.loads(secret_file(known.folder).read_text()))
    secret = known.token(identity)
    services.stop("sigstore")
    address = known.fulcio.removeprefix("http://")
    with Impostor(address, tls=speaks_tls, challenge="Bearer") as impostor:
        with pytest.raises(NoToken):
            known.token(identity)
        # Whoever starts it again is told that the port is taken, or gets another one; never the impostor's answers.
        with contextlib.suppress(CourseError):
            assert Sigstore.local().fulcio != known.fulcio
        assert b"authorization" not in impostor.heard.lower() and secret.encode() not in impostor.heard
