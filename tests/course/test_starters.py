"""What `course new` makes passes the gates the moment it is made, and can be published; nothing is written over."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from pathlib import Path

import pytest

from helpers.clients.registry import Registry
from helpers.compliance import decisions, gates, module_docs
from helpers.core import paths, process, yaml_reader
from helpers.core.errors import BadInput
from helpers.course import starters
from helpers.course.starters import AlreadyThere, making
from helpers.runtime import services
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.crane import Crane
from helpers.wrappers.git import AllowedSigner, Git, Identity, generate_ssh_key
from helpers.wrappers.opa import Opa
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform_docs import TerraformDocs

TODAY = dt.date(2027, 1, 15)


def test_a_module_passes_its_gates_and_is_published(tmp_path: Path) -> None:
    made = starters.make("module", "team-files", tmp_path / "team-files", team="vision")
    terraform = Terraform(made.path)
    assert terraform.fmt(check=True, recursive=True).files == ()
    terraform.init(backend=False)
    assert terraform.validate().valid
    summary = terraform.test()
    assert summary.passed and summary.count("pass") == 4
    assert TerraformDocs(made.path).check()
    truth = module_docs.check(made.path)
    assert truth.ok and len(truth.examples) == 1, truth
    keys = Cosign(tmp_path).generate_key_pair("keys", password="starters-208")
    hub = Registry.local()
    hub.add_key("vision", "vision-team", keys.public)
    # The strictest there is: the whole support model, with a directory of teams.
    hub.set_support_policy(
        "vision",
        {
            "form": 2,
            "window": "90d",
            "teams": {"vision team": ["vision-team@acme.test"], "vision leads": ["vision-leads@acme.test"]},
        },
    )
    send = {"namespace": "vision", "name": "team-files", "provider": "platform"}
    shown = hub.publish(made.path, "0.1.0", **send, key=keys.private, password="starters-208")
    assert shown.signature.status == "verified" and [i["name"] for i in shown.inputs] == ["expire_days", "team"]


def test_a_policy_passes_its_gates_and_is_published(tmp_path: Path) -> None:
    made = starters.make("policy", "owner-named", tmp_path / "owner-named")
    opa, conftest = Opa(made.path), Conftest(made.path)
    assert opa.fmt("policy").formatted
    assert opa.check("policy").valid
    report = opa.test("policy", coverage=True, threshold=100)
    assert report.passed and report.coverage is not None and report.coverage.percent == 100
    assert conftest.verify(strict=True).passed
    assert conftest.test("examples/accepted.json", all_namespaces=True, strict=True).passed
    refused = conftest.test("examples/refused.json", all_namespaces=True, strict=True)
    assert [failure.metadata["rule"] for failure in refused.failures] == ["owner"]
    host = services.ensure("oci").address
    digest = conftest.push(f"{host}/acme/owner-named:0.1.0")
    assert Crane(tmp_path).digest(f"{host}/acme/owner-named:0.1.0") == digest


def test_a_pipeline_passes_its_gates_and_the_hosted_one_asks_the_same(tmp_path: Path) -> None:
    made = starters.make("pipeline", "word-count", tmp_path / "word-count", team="speech")
    key = generate_ssh_key(tmp_path / "ada")
    signer = AllowedSigner("ada@acme.test", key.text, 'namespaces="git"').line()
    (made.path / "trust/allowed_signers").write_text(f"{signer}\n")
    git = Git(made.path).init()
    git.configure_identity(Identity("Ada", "ada@acme.test", key.private))
    git.add(all=True)
    git.commit("Begin")
    report = gates.run(made.path, base=None)
    assert report.passed, report.text()
    overlay = made.path / "services/word-count/dev/kustomization.yaml"
    overlay.write_text(overlay.read_text().replace("count: 1", "count: 3"))
    git.add(all=True)
    git.commit("Take more than dev gives")
    stopped = gates.run(made.path, base="HEAD~1")
    assert [gate.name for gate in stopped.gates if not gate.passed] == ["policy"]
    assert "3 replicas are asked for, dev allows 2" in stopped.text()
    said = yaml_reader.load((made.path / "gates.yaml").read_text())["pipeline"]
    workflow = yaml_reader.load((made.path / ".github/workflows/gates.yaml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["gates"]["steps"] if "run" in step]
    assert steps == list(said.values())
    assert decisions.read(made.path / "docs/adr").problems == ()
    rules = made.path / "policy/conftest"
    assert Opa(rules).fmt(".").formatted and Opa(rules).check(".").valid
    coverage = Opa(rules).test(".", coverage=True).coverage
    assert coverage is not None and coverage.percent == 100


def test_a_profile_has_the_form_of_inspec(tmp_path: Path) -> None:
    made = starters.make("profile", "gpu-host", tmp_path / "gpu-host", team="ml-ops")
    done = process.run(["ruby", "-wc", "controls/accounts.rb"], cwd=made.path)
    assert done.returncode == 0 and "Syntax OK" in done.stdout and done.stderr == ""
    metadata = yaml_reader.load((made.path / "inspec.yml").read_text())
    # https://docs.chef.io/inspec/profiles/: `name` and `version` are what `inspec check` refuses a profile without.
    assert metadata["name"] == "gpu-host" and metadata["version"] == "0.1.0"
    text = (made.path / "controls/accounts.rb").read_text()
    assert all(f"input('{one['name']}')" in text for one in metadata["inputs"])
    assert yaml_reader.load((made.path / "waivers.yml").read_text()) == {}
    assert "controls/accounts.rb" in made.files


def test_a_newcomer_s_profile_runs_at_once_by_what_it_says_to_type(tmp_path: Path) -> None:
    made = starters.make("profile", "gpu-host", tmp_path / "gpu-host")
    assert made.next[1:] == ("course controls run --profile .",)
    course = [str(Path(sys.executable).with_name("course")), "controls"]
    clean = process.environment({"PATH": "/usr/bin:/bin"})

    def ran(*words: str) -> tuple[int, str]:
        done = process.run([*course, *words, "--profile", "."], cwd=made.path, env=clean, timeout=300)
        return done.returncode, done.stdout + done.stderr

    code, said = ran("run", "--waiver-file", "waivers.yml")
    assert code == 0 and "passed   acme-accounts-01" in said and "by testinfra" in said, said
    source = made.path / "controls.yaml"
    source.write_text(source.read_text().replace('"0644", "0444", "0640", "0600"', '"0600"'))
    code, said = ran("run")
    assert code == 1 and "failed   acme-accounts-02" in said, said
    assert ran("write")[0] == 0 and "['0600']" in (made.path / "controls/accounts.rb").read_text()
    source.unlink()
    code, said = ran("run")
    assert code == 3 and "course new profile NAME" in said and "Traceback" not in said, said
    assert "has no controls.yaml" in ran("write")[1]


def test_records_are_numbered_and_supersede_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "docs/adr"
    starters.make("adr", "use-x", folder, today=TODAY)
    made = starters.make("adr", "use-y", folder, today=TODAY, supersedes=1)
    assert made.path.name == "0002-use-y.md" and made.files == ("0002-use-y.md", "0001-use-x.md")
    found = decisions.read(folder)
    assert found.problems == ()
    first, second = found.records
    assert (first.status, first.superseded_by, second.status) == ("superseded", ("0002-use-y.md",), "accepted")
    assert second.supersedes == ("0001-use-x.md",) and second.date == "2027-01-15"
    with pytest.raises(BadInput, match="not in force"):
        starters.make("adr", "use-z", folder, supersedes=1)
    with pytest.raises(BadInput, match="no record 9"):
        starters.make("adr", "use-z", folder, supersedes=9)
    with pytest.raises(AlreadyThere, match="'use-x' already"):
        starters.make("adr", "use-x", folder)
    assert len(decisions.read(folder).records) == 2


@pytest.mark.parametrize(
    "name", ["", "A", "a", "my_module", "-x", "x-", "a--b", "ä-b", "../up", "data", "x" * 41, "1st"]
)
def test_a_name_that_cannot_be_one_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be a name") as refused:
        starters.make("module", name, tmp_path / "target")
    assert refused.value.next.startswith("course new module ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["module", "policy", "pipeline", "profile"])
def test_nothing_is_written_over(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "file").write_text("mine")
    with pytest.raises(AlreadyThere, match="is there already"):
        starters.make(kind, "mine", target)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(AlreadyThere):
        starters.make(kind, "mine", link)
    assert [path.name for path in target.iterdir()] == ["file"] and (target / "file").read_text() == "mine"


def test_what_pip_compiled_beside_the_templates_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = shutil.copytree(making._TEMPLATES, tmp_path / "templates")
    (templates / "pipeline" / "__pycache__").mkdir()
    (templates / "pipeline" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"\xff")
    monkeypatch.setattr(making, "_TEMPLATES", templates)
    made = starters.make("pipeline", "mine", tmp_path / "mine")
    assert made.files and not [name for name in made.files if name.endswith(".pyc")]


def test_the_package_brings_every_template() -> None:
    import tomllib

    globs = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    room = paths.ROOT / "helpers/course/starters"
    covered = {path for pattern in globs["helpers.course.starters"] for path in room.glob(pattern)}
    every = {path for path in (room / "templates").rglob("*") if path.is_file()}
    assert every and every <= covered
    assert not [path for path in every if any(part.startswith(".") for part in path.relative_to(room).parts)]
