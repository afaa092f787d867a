"""One set of deliverables for all tests of contracts; the services that made it are stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.runtime import services
from tests.compliance.contracts.made import Made, deliver


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """What a team hands over; copy it before you break it."""
    home = tmp_path_factory.mktemp("c")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        try:
            made = deliver(home)
        finally:
            services.stop()
    yield made
