"""What a child process inherits of our environment."""

from __future__ import annotations

import fnmatch
import functools
import os
import re
from collections.abc import Mapping, Sequence

#: Variables a child inherits. Everything else must be passed on purpose.
ALLOWED_ENV = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_*",
    "TZ",
    "TMPDIR",
    "XDG_*",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "MOD208_*",
)


def environment(extra: Mapping[str, str] | None = None, allow: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment for a child: the allow-listed part of ours plus *extra*.

    Args:
        extra: variables set on purpose; they win.
        allow: more patterns (``fnmatch``) to let through, for example ``("GO*",)``.
    """
    allowed = _pattern((*ALLOWED_ENV, *allow))
    return {**{k: v for k, v in os.environ.items() if allowed.match(k)}, **(extra or {})}


@functools.cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(name) for name in names))
