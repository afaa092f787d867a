"""The register of claims: complete for the lectures it is about, and each claim is shown or has its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.paths import ROOT
from scripts import claims

LECTURES = [
    path.relative_to(ROOT).as_posix()
    for directory in claims.REGISTERED
    for path in sorted((ROOT / directory).glob("*.ipynb"))
]
KNOWN = claims.register()


@pytest.mark.parametrize("notebook", LECTURES)
def test_every_sentence_on_what_a_tool_does_is_registered(notebook: str) -> None:
    missing = claims.unregistered(notebook, KNOWN)
    assert not missing, "enter them into docs/claims.yaml:\n" + "\n".join(missing)


def test_every_claim_still_stands_and_is_proved() -> None:
    wrong = [f"{c.notebook} {c.cell}: {c.says!r}: {found}" for c in KNOWN if (found := claims.problem(c))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "sentence",
    [
        "Terraform (1.11) verifies no signature of a module.",
        "Argo CD never deletes a namespace.",
        "By default Flux prunes nothing.",
        "kustomize-controller takes back what kubectl wrote.",
    ],
)
def test_what_is_a_claim(sentence: str) -> None:
    assert claims.is_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["**Predict**: does Argo CD never delete it?", "Bela approves two replicas.", "Nothing here touches your labs."],
)
def test_what_is_none(sentence: str) -> None:
    assert not claims.is_claim(sentence)


class TestAnEntry:
    HERE = "notebooks/unit1/01-architecture-patterns.ipynb"
    SAYS = "Terraform knows an object by its **address**"

    def entry(self, cell: str = "md-four-with-two-buckets-of", **proof: str) -> str:
        return claims.problem(claims.Claim(self.HERE, cell, {"says": self.SAYS, **proof}))

    def test_that_is_shown_is_right(self) -> None:
        assert not self.entry(shown_by="mono-init-teaching-changes-mono", shows="4 to add, 0 to change, 4 to destroy")

    def test_whose_words_have_left_the_cell_is_wrong(self) -> None:
        assert "does not say so" in self.entry("md-the-monolith-one-folder-one", no_claim="x")

    @pytest.mark.parametrize(
        ("proof", "wrong"),
        [
            ({"shown_by": "mono-init-teaching-changes-mono", "shows": "5 to add"}, "does not show"),
            ({"shown_by": "mono-init-teaching-changes-mono"}, "does not show"),
            ({"shown_by": "no-such-cell", "shows": "4"}, "no code cell"),
            ({"source": "https://x.test"}, "the version it is about"),
            ({"source": "https://x.test", "version": "1", "looked_up": "2999-01-01"}, "when it was opened"),
            ({"source": "https://x.test", "version": "1", "looked_up": "not yet"}, "when it was opened"),
            ({"source": "https://github.com/a/b/blob/main/README.md", "version": "1"}, "at a tag"),
            ({"source": "a book", "version": "1", "looked_up": "2026-01-01"}, "https address"),
            ({}, "neither"),
        ],
    )
    def test_without_a_proof_is_wrong(self, proof: dict[str, str], wrong: str) -> None:
        assert wrong in self.entry(**proof)


def test_the_register_names_notebooks_that_are_there() -> None:
    assert all(Path(ROOT / claim.notebook).is_file() for claim in KNOWN)


def test_sentences_leave_out_headings_tables_and_code() -> None:
    text = "## Terraform never\n\n| Terraform | never |\n\nOne thing\nis so. Another: it is not.\n\n```\nHCP\n```\n"
    assert [found for found in claims.sentences(text) if found] == ["One thing is so.", "Another: it is not."]
