"""``gates.yaml``: what it may say, and that nothing else is guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.gates import BadGates, GatesMissing, Settings
from helpers.core.verdicts.gates import Finding, Gate, GateReport
from tests.repeats import examples

GOOD = "version: 1\ngates: [signature]\nenvironments: {dev: [apps/*/overlays/dev]}\n"


def test_what_is_left_out_has_a_usual_place() -> None:
    found = Settings.parse(GOOD)
    assert found.gates == ("signature",) and found.environments == {"dev": ("apps/*/overlays/dev",)}
    assert found.signers == "trust/allowed_signers" and found.registry == "" and found.pipeline == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version: 1", "version: 2", "version"),
        ("[signature]", "[]", "none"),
        ("[signature]", "[signature, signatur]", "signatur"),
        ("[signature]", "[signature, signature]", "once"),
        ("[signature]", "signature", "list"),
        ("gates:", "gate:", "unknown fields: gate"),
        ("environments: {dev: [apps/*/overlays/dev]}", "", "no directory"),
        ("apps/*/overlays/dev", "../outside", "not a path"),
        ("apps/*/overlays/dev", "/etc", "not a path"),
        ("version: 1", "version: 1\nsigners: ../x", "not a path"),
        ("version: 1", "version: 1\nsigners: .git/x", "not a path"),
        ("version: 1", "version: 1\nimages: {keys: x}", "unknown fields: keys"),
        ("version: 1", "version: 1\nsecrets: [x]", "not a mapping"),
        ("version: 1", "version: [", ""),
    ],
)
def test_what_is_not_understood_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(BadGates) as caught:
        Settings.parse(GOOD.replace(old, new))
    assert words in caught.value.why and caught.value.exit_code == 3


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "version",
                    "gates",
                    "environments",
                    "platform",
                    "signers",
                    "images",
                    "policy",
                    "secrets",
                    "ignore",
                    "x",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@examples(200)
@given(YAML)
def test_anything_is_read_or_refused(raw: object) -> None:
    import yaml

    try:
        Settings.parse(yaml.safe_dump(raw))
    except BadGates as error:
        assert error.why


def test_a_missing_file_and_a_link(tmp_path: Path) -> None:
    with pytest.raises(GatesMissing):
        Settings.read(tmp_path)
    (tmp_path / "elsewhere").write_text(GOOD)
    (tmp_path / "gates.yaml").symlink_to("elsewhere")
    with pytest.raises(GatesMissing):
        Settings.read(tmp_path)


GATE = st.builds(Gate, st.just("policy"), st.sampled_from(["passed", "failed", "unknown"]), st.just("why"))


@given(st.lists(GATE, max_size=5))
def test_only_all_passed_is_passed(gates: list[Gate]) -> None:
    report = GateReport(tuple(gates), "a" * 40)
    said = [gate.status for gate in gates]
    assert report.passed == (bool(said) and set(said) == {"passed"}) == (report.exit_code == 0)
    assert (report.exit_code == 1) == ("failed" in said)


def test_one_line_each() -> None:
    finding = Finding("a.yaml", 3, "root", "may run as root")
    gate = Gate("policy", "failed", "1 rule broken.", (finding,))
    assert repr(finding) == "Finding(a.yaml:3 root: 'may run as root')"
    assert repr(GateReport((gate,), "a" * 40)) == "GateReport(failed: policy failed)"
    assert "a.yaml:3  [root] may run as root" in GateReport((gate,), "a" * 40).text()
