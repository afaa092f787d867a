"""A version's end, over three consumers whose code and installations are read; and support models at the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.clients.registry import NoPermission, PublishRefused, Registry, RegistryError, RemovalRefused, Use
from helpers.compliance.deprecation import decide, read_consumer, warn
from helpers.core import http, process
from helpers.runtime import tools
from helpers.wrappers.terraform.config import REGISTRY_HOST
from tests.compliance.test_module_support import GOOD
from tests.servers.conftest import MODULE, trusting, write

Make = Callable[..., Path]
MODULE_NAME = "vision/ending/null"
NOTICE, REMOVAL = dt.date(2027, 1, 4), dt.date(2027, 4, 5)
SUPPORT = MODULE["module.yaml"].partition("support:")[0].replace("gpu-workspace", "ending") + GOOD.partition("\n")[2]


@pytest.fixture(scope="module")
def ended(admin: Registry, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        files = {**MODULE, "module.yaml": SUPPORT}
        files["CHANGELOG.md"] += f"\n## [{version}]\n\n- Changes.\n"
        folder = write(tmp_path_factory.mktemp("m"), files)
        admin.publish(folder, version, namespace="vision", name="ending", provider="null", key=key)
    return admin


def consumer(folder: Path, constraint: str, extra: str = "") -> Path:
    call = {"source": f"{REGISTRY_HOST}/{MODULE_NAME}", "version": constraint, "team": "a"}
    body = "".join(f'  {key} = "{value}"\n' for key, value in call.items())
    return write(folder, {"live/main.tf": f'module "place" {{\n{body}}}\n{extra}'})


def install(registry: Registry, folder: Path) -> str:
    rc = folder / "terraformrc"
    rc.write_text(f'host "{REGISTRY_HOST}" {{\n  services = {{ "modules.v1" = "{registry.url}/v1/modules/" }}\n}}\n')
    env = process.environment({"TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1", **trusting(registry)})
    done = process.run([tools.ensure("terraform").path, "get", "-no-color"], cwd=folder / "live", env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


OFFERED = ("3.0.0-rc.1", "2.0.0", "1.1.0", "1.0.0")


@pytest.mark.parametrize(
    ("constraint", "version", "found"),
    [
        ("~> 1.0", "1.1.0", "resolved"),
        ("1.0.0", "1.0.0", "resolved"),
        (">= 1.0, < 1.1", "1.0.0", "resolved"),
        (">= 1", "2.0.0", "resolved"),
        ("~> 7.0", "", "unknown"),
        ("newest", "", "unknown"),
        ("~> 1", "2.0.0", "resolved"),
        (">= 3.0.0-rc.1", "", "unknown"),
        ("~> 3.0.0-rc.1", "", "unknown"),
        ("3.0.0-rc.1", "3.0.0-rc.1", "resolved"),
        (">= 2.0.0, != 2.0.0", "", "unknown"),
    ],
)
def test_without_an_installation_the_constraint_decides(
    tmp_path: Path, constraint: str, version: str, found: str
) -> None:
    (use,) = read_consumer(consumer(tmp_path, constraint), MODULE_NAME, OFFERED)
    assert (use.call, use.version, use.found) == ("module.place", version, found)
    assert use.where.startswith("live/main.tf:1")


def test_files_that_cannot_be_read_are_unknown_never_unused(tmp_path: Path) -> None:
    folder = consumer(tmp_path, "~> 1.0")
    (folder / "live/main.tf").write_text('module "place" {\n')
    (use,) = read_consumer(folder, MODULE_NAME, OFFERED)
    assert use.found == "unknown" and "cannot be read" in use.where


def test_another_registrys_module_of_that_name_is_not_ours(tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": f'module "x" {{\n  source = "example.com/{MODULE_NAME}"\n}}\n'})
    assert read_consumer(tmp_path, MODULE_NAME, OFFERED) == ()


def test_what_is_installed_counts_and_what_it_brought_along_too(ended: Registry, tmp_path: Path) -> None:
    folder = consumer(tmp_path / "a", "1.0.0")
    install(ended, folder)
    (use,) = read_consumer(folder, MODULE_NAME, ended.versions(MODULE_NAME))
    assert (use.version, use.found) == ("1.0.0", "installed")
    # The code has moved on; what was installed before says nothing any more.
    consumer(folder, "~> 2.0")
    (use,) = read_consumer(folder, MODULE_NAME, ended.versions(MODULE_NAME))
    assert (use.version, use.found) == ("2.0.0", "resolved")
    # A local module that calls ours: two calls, one of them through the other.
    inner = consumer(tmp_path / "b", "1.0.0")
    write(inner, {"live/main.tf": 'module "outer" {\n  source = "./inner"\n}\n'})
    write(inner, {"live/inner/main.tf": (consumer(tmp_path / "c", "1.0.0") / "live/main.tf").read_text()})
    install(ended, inner)
    found = {use.call: use.found for use in read_consumer(inner, MODULE_NAME, OFFERED)}
    assert found == {"module.outer.module.place": "installed", "module.place": "resolved"}


def test_a_deprecation_over_three_consumers(ended: Registry, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="90 days are promised: the earliest removal is 2027-04-04"):
        ended.announce(
            MODULE_NAME, "1.0.0", reason="No expiry.", replacement="2.0.0", removal=dt.date(2027, 2, 1), as_of=NOTICE
        )
    with pytest.raises(RemovalRefused, match="never announced"):
        ended.remove(MODULE_NAME, "1.0.0", as_of=dt.date(2030, 1, 1))
    notice = ended.announce(
        MODULE_NAME, "1.0.0", reason="No expiry.", replacement="2.0.0", removal=REMOVAL, as_of=NOTICE
    )
    assert notice == ended.notices(MODULE_NAME)["1.0.0"] and notice.since == NOTICE

    folders = {name: consumer(tmp_path / name, "1.0.0") for name in ("vision", "speech", "ranking")}
    (warned,) = warn(folders["vision"], MODULE_NAME, ended, today=NOTICE)
    assert warned.days == 91 and "goes on 2027-04-05, in 91 days. Use 2.0.0." in str(warned)

    # The lecture says so of Terraform 1.11 to 1.15; one that shows the mark would make it untrue.
    assert "deprecat" not in install(ended, consumer(tmp_path / "told", "1.0.0")).lower()

    def read_all(day: dt.date) -> None:
        for name, folder in folders.items():
            ended.report_use(
                MODULE_NAME, name, read_consumer(folder, MODULE_NAME, ended.versions(MODULE_NAME)), as_of=day
            )

    read_all(NOTICE)
    consumer(folders["vision"], "~> 2.0")
    read_all(dt.date(2027, 3, 1))
    assert [(c.name, c.versions) for c in ended.consumers(MODULE_NAME)] == [
        ("ranking", ("1.0.0",)),
        ("speech", ("1.0.0",)),
        ("vision", ("2.0.0",)),
    ]
    with pytest.raises(RemovalRefused, match="ranking and speech would break") as refused:
        ended.remove(MODULE_NAME, "1.0.0", as_of=dt.date(2027, 3, 1))
    assert refused.value.verdict.breaks == ("ranking", "speech")
    until = dt.date(2027, 5, 3)
    ended.exempt(MODULE_NAME, "1.0.0", "speech", until=until, reason="Model freeze.")
    page = http.request("GET", ended.page_url(MODULE_NAME, "1.0.0")).text
    assert "exempt until 2027-05-03" in page and "2027-04-05" in page and "day and night" in page

    # After the window, but three weeks after anybody looked: nobody can tell.
    assert ended.removal(MODULE_NAME, "1.0.0", dt.date(2027, 5, 20)).verdict == "unknown"
    read_all(dt.date(2027, 4, 6))
    with pytest.raises(RemovalRefused, match="speech is exempt until 2027-05-03"):
        ended.remove(MODULE_NAME, "1.0.0", as_of=dt.date(2027, 4, 6))
    consumer(folders["speech"], "~> 2.0")
    read_all(until)
    verdict = ended.remove(MODULE_NAME, "1.0.0", as_of=until)
    assert verdict.verdict == "allowed" and verdict.breaks == ("ranking",) and "did not move" in verdict.reasons[0]

    assert ended.versions(MODULE_NAME) == ("2.0.0", "1.1.0")
    gone = http.request("GET", f"{ended.url}/v1/modules/{MODULE_NAME}/1.0.0/download", ca=ended.authority)
    assert gone.status == 410
    with pytest.raises(AssertionError, match="There is no available version"):
        install(ended, consumer(tmp_path / "late", "1.0.0"))
    page = http.request("GET", ended.page_url(MODULE_NAME, "1.0.0")).text
    assert "✗ removed" in page and "archive changed" not in page


def like(registry: Registry, token: str = "") -> Registry:
    """Return a client of the same registry with another token."""
    made = Registry(registry.url, token)
    made.authority = registry.authority
    return made


def test_only_an_administrator_names_another_day_and_a_stranger_reports_for_nobody_else(ended: Registry) -> None:
    owner = like(ended, ended.add_token("vision-owner", ["vision"]))
    with pytest.raises(NoPermission):
        owner.announce(MODULE_NAME, "1.1.0", reason="x", replacement="2.0.0", removal=dt.date(2099, 1, 1), as_of=NOTICE)
    speech = like(ended, ended.add_token("speech", ["vision"], ["read"]))
    used = [Use("module.place", "1.1.0", "1.1.0", "resolved", "main.tf:1")]
    assert speech.report_use(MODULE_NAME, "speech", used).versions == ("1.1.0",)
    with pytest.raises(NoPermission):
        speech.report_use(MODULE_NAME, "ranking", used)
    with pytest.raises(NoPermission):
        like(ended).report_use(MODULE_NAME, "vision", used)
    with pytest.raises(RegistryError, match="not deprecated"):
        owner.exempt(MODULE_NAME, "1.1.0", "speech", until=dt.date(2099, 1, 1), reason="x")


def test_what_could_not_be_told_stops_a_removal() -> None:
    from helpers.clients.registry import Consumer, Exemption, Notice

    notice = Notice("1.0.0", "x", NOTICE, REMOVAL, "2.0.0")
    unknown = Consumer("a", (Use("?", "", "", "unknown", "main.tf cannot be read"),), REMOVAL)
    assert decide("1.0.0", notice, [unknown], [], today=REMOVAL).verdict == "unknown"
    assert decide("1.0.0", notice, [], [], today=REMOVAL).verdict == "allowed"
    assert decide("1.0.0", notice, [], [], today=REMOVAL - dt.timedelta(days=1)).verdict == "refused"
    moved = Consumer("a", (Use("m", "", "2.0.0", "resolved", ""),), REMOVAL)
    running = Exemption("a", REMOVAL + dt.timedelta(days=9), "x", "ada")
    assert decide("1.0.0", notice, [moved], [running], today=REMOVAL).verdict == "allowed"


def test_a_namespace_demands_the_whole_model(ended: Registry, module: Make, key: Path) -> None:
    ended.add_key("speech", "speech-release", key.with_suffix(".pub"))
    ended.set_support_policy("speech", {"form": 2, "window": "120d"})
    folder = module("strict")
    (folder / "module.yaml").write_text((folder / "module.yaml").read_text().replace("vision\n", "speech\n", 1))
    send = {"namespace": "speech", "name": "strict", "provider": "null", "key": key}
    with pytest.raises(PublishRefused, match="demands form 2"):
        ended.publish(folder, "1.0.0", **send)
    (folder / "module.yaml").write_text(SUPPORT.replace("ending", "strict").replace("vision\n", "speech\n", 1))
    with pytest.raises(PublishRefused, match="shorter than the policy's 120 days"):
        ended.publish(folder, "1.0.0", **send)
    text = (folder / "module.yaml").read_text().replace("window: 90d", "window: 120d")
    (folder / "module.yaml").write_text(text)
    shown = ended.publish(folder, "1.0.0", **send)
    assert shown.support.startswith("platform team, platform-team@acme.test")
    page = http.request("GET", shown.page_url).text
    assert "no directory of teams" in page and "platform leads" in page
    with pytest.raises(RegistryError, match="Unknown: windows"):
        ended.set_support_policy("speech", {"windows": "1d"})
