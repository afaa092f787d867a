"""Which digest a commit of the GitOps repository brings: what Kustomize would make of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.compliance.contracts.making import RELEASE, history
from helpers.core import yaml_reader
from helpers.wrappers.git import Git

ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")


def image(name: str, digest: str) -> dict[str, str]:
    return {"name": name, "digest": digest}


@pytest.mark.parametrize(
    ("images", "digest"),
    [
        ([image("trainer", TWO)], TWO),
        ([image("registry.acme.test/ml/trainer", TWO)], TWO),
        ([image("sidecar", ONE), image("trainer", TWO)], TWO),
        ([image("trainer", TWO), image("sidecar", ONE)], TWO),
        ([image("trainer", ONE), image("trainer", TWO)], TWO),
        ([image("sidecar", TWO)], ""),
    ],
)
def test_the_digest_is_that_of_the_applications_own_image(
    tmp_path: Path, images: list[dict[str, str]], digest: str
) -> None:
    git = Git(tmp_path).init()
    file = tmp_path / RELEASE.format(application="trainer", environment="dev")
    file.parent.mkdir(parents=True)
    file.write_text(yaml_reader.dump({"images": images}))
    git.add(all=True)
    git.run(["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false", "commit", "-qm", "One"])
    assert [found for _, _, found in history(git, "trainer", ["dev"])] == [digest] * bool(digest)
