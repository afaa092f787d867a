"""The drift job: is what runs still what Terraform made? Three answers, three exit codes.

0 in sync, 1 drifted, 3 could not tell. A job that takes the third for the first sees no drift where it sees nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from helpers import CourseError, Terraform

EXIT = {"in-sync": 0, "drifted": 1, "unknown": 3}


def main(folder: str) -> int:
    """Look at one folder and say what is known."""
    try:
        terraform = Terraform(Path(folder))
        terraform.init()
        answer = terraform.drift()
    except CourseError as error:
        print(f"unknown: {error.diagnostics()}")
        return EXIT["unknown"]
    print(f"{answer.status}: {answer.why}")
    for change in answer.changes:
        print(f"  {change.address}")
    return EXIT[answer.status]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
