"""The scenario of the lecture on change approval: fresh each time, and its signer leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.course.scenarios import approval
from helpers.wrappers.git import Git, Identity


def test_a_message_loses_only_what_differs_between_runs() -> None:
    told = 'Commit a7c08a4840: pods "inference-5665f84b59-hmcw7" of inference-prod, SHA256:ab/c+d='
    assert approval._without_run_specifics(told) == 'Commit …: pods "inference-…" of inference-prod, …'
    assert approval._without_run_specifics("exceeded quota: gpus, used: 3") == "exceeded quota: gpus, used: 3"


def test_a_signer_signs_with_openpgp_and_its_agent_ends(tmp_path: Path) -> None:
    git = Git(tmp_path).init()
    git.configure_identity(Identity("Learner", "learner@acme.test"), sign=False)
    signer = approval.OpenPgpSigner("Ada", "ada@acme.test")
    home = Path(signer._home.name)
    signer.commit(git, "Release")
    text = git.run(["cat-file", "commit", "HEAD"]).stdout
    assert "BEGIN PGP SIGNATURE" in text and "committer Ada <ada@acme.test>" in text
    assert "PRIVATE" not in signer.public and "BEGIN PGP PUBLIC KEY" in signer.public
    signer.close()
    assert not home.exists()


def test_a_process_that_does_not_run_cannot_be_killed() -> None:
    with pytest.raises(BadInput, match="no process"):
        approval.kill_process("gitops", "nothing")
