"""What can go wrong while a tool is looked for, built or installed."""

from __future__ import annotations

from helpers.core.errors import CourseError


class ToolError(CourseError):
    """Base of the faults of this room."""

    code = "tool-error"


class ToolMissing(ToolError):
    """The tool is neither on PATH nor in the cache, and was not to be built."""

    code = "tool-missing"


class UnsupportedVersion(ToolError):
    """A tool was found, but in a version the course does not accept."""

    code = "tool-version"


class ToolChanged(ToolError):
    """A tool in the cache is not, byte for byte, what was built; it was not run."""

    code = "tool-changed"


class NoCompiler(ToolError):
    """Go is needed for a build and is missing or too old."""

    code = "tool-no-go"


class NoDisk(ToolError):
    """There is not enough free disk for the build."""

    code = "tool-no-disk"


class NoNetwork(ToolError):
    """The package registry could not be reached."""

    code = "tool-no-network"


class BuildFailed(ToolError):
    """The compiler or the installer said no."""

    code = "tool-build-failed"
