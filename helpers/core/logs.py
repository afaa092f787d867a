"""Logging: one logger for each module, all below ``helpers``, silent until somebody asks; secrets are masked.

A module writes ``log = logs.logger(__name__)``. Programs that use the course as a library add handlers as they like;
``course --verbose`` and our servers call `show`.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from helpers.core.redact import redact

ROOT = "helpers"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class RedactSecrets(logging.Filter):
    """Masks every registered secret in a record: message, arguments and traceback; it drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask what the record says, before any handler has it."""
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and record.exc_info[0] is not None:
            # Formatters print this text when it is there, instead of the exception.
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


_redact = RedactSecrets()


def logger(name: str) -> logging.Logger:
    """Return the logger of a module by its ``__name__``; what it is told is masked, whoever listens.

    A module that runs as a program (``python -m``) has its own name, not ``__main__``.
    """
    if name == "__main__":
        spec = getattr(sys.modules[name], "__spec__", None)
        name = getattr(spec, "name", ROOT)
    found = logging.getLogger(name)
    # Filters of a logger do not hold for those below it, so each has its own.
    found.addFilter(_redact)
    return found


def show(level: int = logging.INFO, stream: TextIO | None = None) -> logging.Handler:
    """Write what the course logs, from *level* on, to *stream* (standard error), and return the handler that does."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger(ROOT)
    root.addHandler(handler)
    root.setLevel(level)
    return handler
