"""Build the site: ``python -m website [DIR]``, ``build/site`` if nothing is named."""

from __future__ import annotations

import sys
from pathlib import Path

from helpers.core.paths import ROOT
from website.build import Faults, build


def main() -> int:
    """Build, and say where to look or what is wrong."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/site"
    try:
        page = build(target)
    except Faults as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Built {target}.\nNext: open {page} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
