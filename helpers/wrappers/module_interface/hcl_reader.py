"""Runs hcl-reader, our program around HashiCorp's parsers of Terraform's language.

Source: ``toolchain/hcl-reader/README.md``, which has the form of requests and answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.wrappers.base import Wrapper

Request = Mapping[str, Any]
Answer = Mapping[str, Any]


class HclReader(Wrapper):
    """hcl-reader in one directory."""

    tool = "hcl-reader"

    def ask(self, *requests: Request) -> list[Answer]:
        """Return the answer to each request, in order; one process answers all. Without requests nothing runs.

        Raises:
            ToolFailed: the program ended without an answer to each.
        """
        if not requests:
            return []
        done = self._run([], input="\n".join(map(json.dumps, requests)))
        answers = (
            [json.loads(line, parse_int=_integer) for line in done.stdout.splitlines()] if done.returncode == 0 else []
        )
        if len(answers) != len(requests):
            raise self._failed("", done)
        return answers


def _integer(digits: str) -> int | float:
    """Return a number; Python refuses to read an integer of more than 4,300 digits."""
    return int(digits) if len(digits) <= 4000 else float(digits)


def ask(requests: Sequence[Request]) -> list[Answer]:
    """Return the answer to each of the requests, which name no directory; see `HclReader.ask`."""
    return HclReader("/", timeout=60).ask(*requests)
