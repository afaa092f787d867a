"""`course contract validate`: right deliverables pass, wrong ones that look right do not, and nobody guesses."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.compliance.contracts import ContractVerification, validate
from helpers.wrappers import module_package
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.opa import Opa
from tests.compliance.contracts.made import MODULE, ONE, PASSWORD, THREE, TWO, Made, break_file

RECORD, CONTRACT, BUNDLE = "promotion/record.json", "module/contract.json", "policy/bundle.tar.gz"


@pytest.fixture
def made(delivered: Made, tmp_path: Path) -> Made:
    return delivered.copy(tmp_path / "d")


def judged(made: Made) -> ContractVerification:
    return validate(made.root, keys=made.keys)


def kinds(found: ContractVerification) -> set[str]:
    return {one.kind for one in found.faults}


class TestRight:
    def test_what_the_tools_wrote(self, delivered: Made) -> None:
        found = judged(delivered)
        assert found.faults == () and found.status == "valid" and found.exit_code == 0
        assert "every release was approved; what runs was gated" in found.checked
        record = json.loads((delivered.root / RECORD).read_text())
        assert record["current"] == {
            "dev": {"digest": TWO, "rollback": ONE},
            "staging": {"digest": TWO, "rollback": ONE},
            "prod": {"digest": TWO, "rollback": ONE},
        }
        kinds = [one["kind"] for one in record["releases"]]
        assert kinds == ["change"] * 3 + ["release", "promotion", "promotion", "release", "rollback"]

    def test_a_record_of_an_earlier_day(self, made: Made) -> None:
        """Before the rollback dev ran 3.0.0, and 2.0.0 was what to go back to."""

        def earlier(record: dict[str, Any]) -> None:
            record["releases"].pop()
            record["current"]["dev"] = {"digest": THREE, "rollback": TWO}

        made.change(RECORD, earlier)
        assert judged(made).faults == ()

    def test_another_way_to_map_the_same_module(self, made: Made) -> None:
        """Optional inputs left to the module, a constant, the namespace as the team, and a range that is narrower."""

        def other(contract: dict[str, Any]) -> None:
            inputs = contract["inputs"]
            del inputs["gpu_kind"]
            inputs["cost_centre"] = {"value": "cc-4021"}
            inputs["team"] = {"field": "metadata.namespace", "accepts": {"type": "string"}}
            inputs["gpu_nodes"]["accepts"] = {"type": "number", "maximum": 2}
            contract["status"] = {}

        made.change(CONTRACT, other)
        assert judged(made).faults == ()


def _author_approves(record: dict[str, Any]) -> None:
    pull = record["releases"][5]["pull"]
    pull["approvals"][0]["person"] = pull["author"]


def _approval_of_another_commit(record: dict[str, Any]) -> None:
    record["releases"][5]["pull"]["approvals"][0]["commit"] = record["releases"][4]["commit"]


def _invented_approval(record: dict[str, Any]) -> None:
    record["releases"][5]["pull"]["approvals"][0]["person"] = "ada"


def _glass_by_the_author(record: dict[str, Any]) -> None:
    pull = record["releases"][5]["pull"]
    pull["break_glass"] = f"{pull['author']}: it was late"


def _invented_glass(record: dict[str, Any]) -> None:
    record["releases"][5]["pull"]["break_glass"] = "ada: it was late, and nobody was there"


def _back_to_what_never_ran(record: dict[str, Any]) -> None:
    record["current"]["prod"]["rollback"] = THREE  # it ran in dev only


def _back_to_known_bad(record: dict[str, Any]) -> None:
    record["current"]["dev"]["rollback"] = THREE


def _rollback_to_something_new(record: dict[str, Any]) -> None:
    record["releases"][7]["digest"] = record["current"]["dev"]["digest"] = "sha256:" + "9" * 64


def _nothing_to_go_back_to(record: dict[str, Any]) -> None:
    record["current"]["prod"]["rollback"] = None


def _another_current(record: dict[str, Any]) -> None:
    record["current"]["prod"]["digest"] = ONE


def _prod_first(record: dict[str, Any]) -> None:
    releases = record["releases"]
    releases[3], releases[5] = releases[5], releases[3]


def _two_digests_in_the_first_commit(record: dict[str, Any]) -> None:
    first = next(one for one in record["releases"] if one["environment"] == "prod")
    first["digest"] = "sha256:" + "9" * 64
    record["releases"] = [one for one in record["releases"] if one["environment"] != "prod"] + [first]
    record["current"]["prod"] = {"digest": first["digest"], "rollback": None}


def _gates_claim_more(record: dict[str, Any]) -> None:
    record["releases"][5]["pull"]["gates"]["gates"][0]["status"] = "unknown"


def _fewer_gates(record: dict[str, Any]) -> None:
    record["releases"][5]["pull"]["gates"]["gates"].pop(0)


def _gates_of_another_commit(record: dict[str, Any]) -> None:
    record["releases"][5]["pull"]["gates"]["commit"] = "0" * 40


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (_author_approves, "self-approval"),
        (_approval_of_another_commit, "not-approved"),
        (_invented_approval, "not-in-trail"),
        (_glass_by_the_author, "self-approval"),
        (_invented_glass, "not-in-trail"),
        (_back_to_what_never_ran, "never-ran"),
        (_back_to_known_bad, "known-bad"),
        (_rollback_to_something_new, "never-ran"),
        (_nothing_to_go_back_to, "no-way-back"),
        (_another_current, "wrong-current"),
        (_prod_first, "skipped-stage"),
        (_two_digests_in_the_first_commit, "skipped-stage"),
        (_gates_claim_more, "not-gated"),
        (_fewer_gates, "not-gated"),
        (_gates_of_another_commit, "not-gated"),
    ],
)
def test_a_signed_record_that_lies(made: Made, lie: Callable[[Any], None], kind: str) -> None:
    """The form is right and so is the signature: its maker has the key."""
    made.change(RECORD, lie)
    found = judged(made)
    assert found.status == "invalid" and kinds(found) == {kind}
    assert all(one.what and (one.why or one.next) for one in found.faults)


class TestHistory:
    """A signed record, approvals in the trail, every gate: and the commits are others than it says."""

    def judged(self, made: Made) -> ContractVerification:
        return validate(made.root, keys=made.keys, repository=made.clone)

    def test_what_the_repository_says(self, delivered: Made) -> None:
        found = self.judged(delivered)
        assert found.status == "valid" and "8 releases are those of the repository" in found.checked
        assert not any("commits" in one for one in found.not_checked)
        assert any("--repository" in one for one in judged(delivered).not_checked)

    def test_gates_that_the_repository_does_not_have(self, made: Made) -> None:
        """Nobody signs gates.yaml: who hands it over could ask for fewer."""
        file = made.root / "pipeline" / "gates.yaml"
        file.write_text(file.read_text() + "# the same, but not these bytes\n")
        assert "other-gates" in kinds(self.judged(made))

    def test_another_digest_under_an_approved_commit(self, made: Made) -> None:
        def swap(record: dict[str, Any]) -> None:
            text = json.dumps(record).replace(TWO, "sha256:" + "9" * 64)
            record.update(json.loads(text))

        made.change(RECORD, swap)
        assert judged(made).status == "valid"
        assert kinds(self.judged(made)) == {"not-in-history"}

    def test_a_release_that_is_left_out(self, made: Made) -> None:
        def forget(record: dict[str, Any]) -> None:
            del record["releases"][6:]

        made.change(RECORD, forget)
        assert judged(made).status == "valid"
        found = self.judged(made)
        assert kinds(found) == {"left-out"} and "to dev" in found.faults[0].why

    def test_without_a_repository_nobody_can_tell(self, delivered: Made, tmp_path: Path) -> None:
        for place in (tmp_path, tmp_path / "none"):
            assert validate(delivered.root, keys=delivered.keys, repository=place).status == "unknown"


def _inputs(name: str, mapping: dict[str, Any]) -> Callable[[Any], None]:
    return lambda contract: contract["inputs"].update({name: mapping})


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (lambda c: c["crd"].update(version="v1beta1"), "no-such-resource"),
        (_inputs("team", {"field": "spec.teamName", "accepts": {"type": "string"}}), "no-such-field"),
        (_inputs("team", {"field": "spec.gpu.nodes", "accepts": {"type": "integer"}}), "type"),
        (_inputs("gpu_nodes", {"field": "spec.gpu.nodes", "accepts": {"type": "string"}}), "type"),
        (
            _inputs("gpu_nodes", {"field": "spec.gpu.nodes", "accepts": {"type": "integer", "minimum": 65}}),
            "accepts-nothing",
        ),
        (
            _inputs("team", {"field": "spec.team", "accepts": {"type": "string", "enum": ["Vision!"]}}),
            "accepts-nothing",
        ),
        (
            _inputs("gpu_kind", {"field": "spec.gpu.kind", "accepts": {"type": "string", "enum": ["v100"]}}),
            "accepts-nothing",
        ),
        (_inputs("team", {"field": "spec.team", "accepts": {"type": "string", "pattern": "("}}), "pattern"),
        (_inputs("registry_token", {"field": "spec.tokenSecret", "accepts": {"type": "string"}}), "secret"),
        (_inputs("owner", {"secret": "spec.tokenSecret", "key": "owner"}), "secret"),
        (_inputs("gpu_nodes", {"value": "two"}), "type"),
        (_inputs("gpu_count", {"value": 2}), "no-such-input"),
        (lambda c: c["inputs"].pop("owner"), "unmapped"),
        (lambda c: c["status"].update(bucket="status.bucketName"), "no-such-field"),
        (lambda c: c["status"].update(buckets="status.bucket"), "no-such-output"),
        (lambda c: c.update(digest="0" * 64), "digest"),
        (lambda c: c["interface"]["inputs"][0].update(required=False), "interface"),
        (lambda c: c["interface"]["outputs"].pop(), "interface"),
    ],
)
def test_a_signed_contract_that_lies(made: Made, lie: Callable[[Any], None], kind: str) -> None:
    made.change(CONTRACT, lie)
    found = judged(made)
    assert found.status == "invalid" and kind in kinds(found)


def test_a_pattern_for_which_no_value_is_found_is_not_called_valid(made: Made) -> None:
    made.change(CONTRACT, _inputs("team", {"field": "spec.team", "accepts": {"type": "string", "pattern": "^[A-Z]+$"}}))
    assert "No value was found" in judged(made).text() and judged(made).exit_code == 3


def test_a_package_of_other_bytes(made: Made, tmp_path: Path) -> None:
    """Signed by the team, and not the one that the contract is about."""
    shutil.copytree(MODULE, tmp_path / "m")
    (tmp_path / "m" / "more.tf").write_text('variable "more" {\n  type = string\n}\n')
    (made.root / "module" / "package.tar.gz").write_bytes(module_package.pack(tmp_path / "m"))
    made.sign("module/package.tar.gz")
    assert kinds(judged(made)) == {"digest"}


class TestSignatures:
    def test_bytes_changed_after_signing(self, made: Made) -> None:
        (made.root / RECORD).write_text((made.root / RECORD).read_text() + "\n")
        found = judged(made)
        assert found.status == "invalid" and kinds(found) == {"signature-tampered"}

    def test_signed_by_somebody_else(self, made: Made) -> None:
        other = Cosign(made.root.parent).generate_key_pair(password=PASSWORD, name="other")
        (made.root / f"{BUNDLE}.sigstore.json").unlink()
        Cosign(made.root).sign_blob(BUNDLE, key=other, password=PASSWORD)
        assert kinds(judged(made)) == {"wrong-signer"}

    def test_keys_that_come_along_vouch_for_nothing(self, made: Made) -> None:
        shutil.copytree(made.keys, made.root / "keys")
        found = validate(made.root, keys=made.root / "keys")
        assert found.status == "unknown" and "The keys come with the deliverables" in found.text()

    def test_without_keys_nobody_can_tell(self, delivered: Made, tmp_path: Path) -> None:
        for keys in (None, tmp_path / "none"):
            found = validate(delivered.root, keys=keys)
            assert found.status == "unknown" and found.exit_code == 3


class TestPolicies:
    def build(self, made: Made, rules: dict[str, str], revision: str = "1.2.0") -> set[str]:
        home = made.root.parent / "rules"
        home.mkdir()
        for name, text in rules.items():
            (home / name).write_text(text)
        Opa(home.parent).build("rules", output=made.root / BUNDLE, revision=revision)
        made.sign(BUNDLE)
        return kinds(judged(made))

    @pytest.mark.parametrize(
        ("name", "content"),
        [("data.json", "{"), ("é" * 150 + ".rego", "package main\n"), (".manifest", '{"roots": ["nowhere"]}')],
    )
    def test_a_bundle_that_opa_does_not_load(self, made: Made, name: str, content: str) -> None:
        path = made.root / BUNDLE
        with tarfile.open(path) as bundle:
            files = {one.name.lstrip("/"): bundle.extractfile(one).read() for one in bundle if one.isfile()}  # type: ignore[union-attr]
        manifest = json.loads(files[".manifest"])
        whole = json.dumps({**manifest, **json.loads(content)}) if name == ".manifest" else content
        files[name] = whole.encode()
        with tarfile.open(path, "w:gz") as bundle:
            for inside, data in files.items():
                member = tarfile.TarInfo(inside)
                member.size = len(data)
                bundle.addfile(member, io.BytesIO(data))
        made.sign(BUNDLE)
        found = judged(made)
        assert found.status != "valid" and kinds(found) & {"rego", "not-a-bundle", "unknown"}

    def test_policies_that_refuse_nothing(self, made: Made) -> None:
        assert self.build(made, {"main.rego": "package main\n\nallow := true\n"}) == {"says-nothing"}

    def test_rules_that_no_input_makes_hold_refuse_nothing(self, made: Made) -> None:
        text = 'package main\n\ndeny := set()\n\nwarn contains "x" if false\n'
        assert self.build(made, {"main.rego": text}) == {"says-nothing"}

    def test_one_rule_that_can_speak_is_enough(self, made: Made) -> None:
        text = 'package main\n\ndeny := set()\n\nviolation contains {"msg": "x"} if input.review\n'
        assert self.build(made, {"main.rego": text}) == set()

    def test_tests_are_not_policies(self, made: Made) -> None:
        text = 'package main_test\n\ndeny contains "x" if false\n\ntest_it if true\n'
        assert self.build(made, {"main_test.rego": text}) == {"says-nothing"}

    @pytest.mark.parametrize("revision", ["", "latest", "v1.2.0"])
    def test_a_bundle_without_a_version(self, made: Made, revision: str) -> None:
        assert self.build(made, {"main.rego": 'package main\n\ndeny contains "x" if input.x\n'}, revision) == {"schema"}

    @pytest.mark.parametrize("name", ["//etc/main.rego", "/../main.rego", "/.manifest"])
    def test_paths_that_lead_elsewhere_or_are_there_twice(self, made: Made, name: str) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for one in ("/.manifest", name):
                tar.addfile(tarfile.TarInfo(one))
        (made.root / BUNDLE).write_bytes(packed.getvalue())
        made.sign(BUNDLE)
        assert kinds(judged(made)) == {"not-a-bundle"}

    def test_not_a_bundle(self, made: Made) -> None:
        (made.root / BUNDLE).write_bytes(b"rules")
        made.sign(BUNDLE)
        assert kinds(judged(made)) == {"not-a-bundle"}


class TestFiles:
    @pytest.mark.parametrize(
        "path",
        [RECORD, f"{RECORD}.sigstore.json", "pipeline/gates.yaml", "audit/entries.jsonl", "module/package.tar.gz"],
    )
    def test_a_missing_one_is_named(self, made: Made, path: str) -> None:
        (made.root / path).unlink()
        found = judged(made)
        assert found.status == "invalid" and path in {one.where for one in found.faults if one.kind == "missing-file"}

    def test_links_and_directories_are_not_read(self, made: Made, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes((made.root / CONTRACT).read_bytes())
        (made.root / CONTRACT).unlink()
        (made.root / CONTRACT).symlink_to(tmp_path / "real")
        (made.root / BUNDLE).unlink()
        (made.root / BUNDLE).mkdir()
        assert kinds(judged(made)) >= {"link", "not-a-file"}

    @pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"a": 1, "a": 2}', b"[" * 5000])
    def test_json_with_no_or_two_meanings(self, made: Made, content: bytes) -> None:
        break_file(made.root / CONTRACT, content)
        made.sign(CONTRACT)
        assert kinds(judged(made)) == {"not-json"}

    def test_gates_and_environments_go_together(self, made: Made) -> None:
        file = made.root / "pipeline" / "gates.yaml"
        text = file.read_text()
        file.write_text(text.replace("  prod:", "  live:"))
        assert kinds(judged(made)) == {"environments"}
        file.write_text(text.replace("[signature, secrets]", "[signature, policy, secrets]"))
        assert kinds(judged(made)) == {"not-gated"}
        file.write_text(text.replace("signature", "signatures"))
        assert kinds(judged(made)) == {"schema"}

    def test_a_trail_that_was_edited(self, made: Made) -> None:
        file = made.root / "audit" / "entries.jsonl"
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:-1]))
        found = judged(made)
        assert found.status == "invalid" and any(kind.startswith("audit-") for kind in kinds(found))
        file.write_bytes(b"{}\n")
        assert "not-a-record" in kinds(judged(made))
        file.write_bytes(b"")
        assert "no-records" in kinds(judged(made))


class TestAuditor:
    def test_a_sealed_pack(self, delivered: Made) -> None:
        found = validate(delivered.pack, keys=delivered.keys, contract="mod-209")
        assert found.faults == () and found.status == "valid"
        assert any("evidence records keep the schema" in one for one in found.checked)

    def test_a_changed_pack(self, delivered: Made, tmp_path: Path) -> None:
        shutil.copytree(delivered.pack, tmp_path / "p")
        (tmp_path / "p" / "controls.yaml").write_text("version: 1\n")
        found = validate(tmp_path / "p", keys=delivered.keys, contract="mod-209")
        assert found.status == "invalid" and "changed-file" in kinds(found)
        (tmp_path / "p" / "pack.attestation.json").write_text("{}")
        assert "not-a-statement" in kinds(validate(tmp_path / "p", keys=delivered.keys, contract="mod-209"))

    def test_without_keys_nobody_can_tell(self, delivered: Made) -> None:
        assert validate(delivered.pack, contract="mod-209").status == "unknown"


class TestCommand:
    def run(self, *args: str | Path) -> Any:
        return CliRunner().invoke(course, ["contract", *map(str, args)])

    def test_three_exit_codes(self, delivered: Made, made: Made) -> None:
        right = self.run("validate", delivered.root, "--keys", delivered.keys)
        assert right.exit_code == 0 and "valid: the deliverables keep the contract." in right.output
        made.change(RECORD, _author_approves)
        wrong = self.run("validate", made.root, "--keys", made.keys)
        assert wrong.exit_code == 1
        assert "releases.5: It was not approved by another person than its author  [self-approval]" in wrong.output
        assert "Why:" in wrong.output and "Next:" in wrong.output
        assert self.run("validate", delivered.root).exit_code == 3
        assert self.run("validate", delivered.root / "none", "--keys", delivered.keys).exit_code == 3

    def test_json(self, delivered: Made) -> None:
        said = json.loads(self.run("validate", delivered.root, "--json").output)
        assert said["status"] == "unknown" and said["contract"] == "proj-304 v1"
        assert {"kind", "where", "what", "why", "next"} == set(said["faults"][0])

    def test_show(self) -> None:
        assert "promotion/record.json  (signed)" in self.run("show").output
        assert json.loads(self.run("show", "mod-209", "--json").output)["version"] == 1
