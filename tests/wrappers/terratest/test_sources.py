"""What Go would pass over without a word is refused, before anything is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import Terratest
from helpers.wrappers.terratest import NothingTested

TEST = "package test\n\nfunc {name}(t *testing.T) {{\n}}\n"


@pytest.mark.parametrize(
    ("file", "name", "what", "next"),
    [
        ("store.go", "TestStore", "store.go holds TestStore, and Go never runs it", "store_test.go"),
        ("store_tests.go", "TestStore", "store_tests.go holds TestStore", "_test.go"),
        ("store_test.go", "testStore", "testStore in store_test.go takes a *testing.T", "TestStore"),
        ("store_test.go", "Teststore", "Teststore in store_test.go takes a *testing.T", "TestStore"),
        ("store_test.go", "Checks", "Checks in store_test.go takes a *testing.T", "TestChecks"),
        ("store_test.py", "TestStore", "There is no test to run", "something_test.go"),
    ],
)
def test_a_test_that_never_runs_is_refused(tmp_path: Path, file: str, name: str, what: str, next: str) -> None:
    (tmp_path / file).write_text(TEST.format(name=name))
    with pytest.raises(NothingTested) as caught:
        Terratest(tmp_path).run()
    assert what in caught.value.what
    assert next in caught.value.next


def test_a_helper_that_a_test_calls_is_not_taken_for_one(tmp_path: Path) -> None:
    from helpers.wrappers.terratest.sources import require_tests

    (tmp_path / "a_test.go").write_text(TEST.format(name="TestA").replace("{\n}", "{\n\tready(t)\n}"))
    (tmp_path / "b_test.go").write_text(TEST.format(name="ready"))
    require_tests(tmp_path)
