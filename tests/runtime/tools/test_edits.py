"""Changes to upstream's source: what they mend is broken without them and whole with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.core import process
from helpers.runtime.tools import build, pins

pytestmark = pytest.mark.timeout(900)
#: What kwok's controllers do at their start: each makes an environment of its own, and all share the module's maps.
TOGETHER = """package kwok

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/google/cel-go/common/types"
	"github.com/wzshiming/easycel"
)

type node struct{ Name string }

func one(tag string) {
	registry := easycel.NewRegistry("test", easycel.WithTagName(tag))
	if err := registry.RegisterType(types.Duration{}); err != nil {
		panic(err)
	}
	if err := registry.RegisterType(node{}); err != nil {
		panic(err)
	}
	name := reflect.TypeFor[node]().String()
	registry.FindStructType(name)
	registry.FindStructFieldNames(name)
	registry.FindStructFieldType(name, "Name")
}

func TestTogether(t *testing.T) {
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for turn := range 2000 {
				one(fmt.Sprintf("t%d-%d", worker, turn))
			}
		})
	}
	all.Wait()
}
"""


@pytest.mark.parametrize("edited", [False, True])
def test_controllers_of_kwok_that_start_together_do_not_end_it(
    tmp_path: Path, edited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cache of tools that are built is dropped when all are; in the tests' own, this is compiled once.
    monkeypatch.setattr(build, "build_cache", build.test_cache)
    tool = pins.spec("kwok")
    go = build.go_command("1.26", lambda text, share: None)
    options = build.edited_source(tool, go, tmp_path / "easycel") if edited else []
    (tmp_path / "together.go").write_text(TOGETHER)
    overlay = tmp_path / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {str(tool.folder / "together_test.go"): str(tmp_path / "together.go")}}))
    done = process.run(
        [go, "test", "-overlay", overlay, *options, "-count=1", "-cpu=8", "."],
        cwd=tool.folder,
        env=build.go_environment(build.test_cache()),
        timeout=600,
    )
    assert (done.returncode == 0) is edited, done.stdout + done.stderr
    assert edited or "concurrent map" in done.stdout + done.stderr
