"""How often a test repeats what it does: a small share in ``make test``, by the hundred in ``make soak``.

A test that repeats something random (kills, submissions, generated input) takes its count from here and carries the
marker ``soak``, so that ``make soak`` runs exactly these tests, and longer.
"""

from __future__ import annotations

import os

import hypothesis

#: True under ``make soak``.
SOAK = os.environ.get("MOD208_SOAK") == "1"
#: How many times more generated examples a property gets under ``make soak``.
MORE_EXAMPLES = 50


def times(share: int, soak: int) -> int:
    """Return how often to repeat: *share* in an ordinary run, *soak* under ``make soak``."""
    return soak if SOAK else share


def examples(share: int) -> hypothesis.settings:
    """Return the settings of a property test that looks at *share* generated examples in an ordinary run."""
    return hypothesis.settings(max_examples=times(share, share * MORE_EXAMPLES))


def register_profile() -> None:
    """Register and load the one profile of all property tests: a slow or busy machine fails none of them.

    In CI the examples are the same in each run (no random seed), and a failing one is printed with the decorator that
    brings it back. A fixture of function scope is set up once for all examples of a test: ours write nothing in them
    that a second example would meet.
    """
    checks = hypothesis.HealthCheck
    in_ci = bool(os.environ.get("CI"))
    hypothesis.settings.register_profile(
        "course",
        max_examples=times(100, 100 * MORE_EXAMPLES),
        deadline=None,
        suppress_health_check=[checks.too_slow, checks.data_too_large, checks.function_scoped_fixture],
        derandomize=in_ci and not SOAK,
        database=None if in_ci else hypothesis.settings.default.database,
        print_blob=True,
    )
    hypothesis.settings.load_profile("course")
