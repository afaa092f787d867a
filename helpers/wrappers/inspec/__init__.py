"""Controls on the running thing: an InSpec profile, executed by InSpec where it is on PATH, else by pytest-testinfra.

>>> report = Inspec().exec({"private_keys": ["/etc/acme/release.key"]})
>>> report
InspecReport(unknown: 1 passed, 7 skipped; by testinfra)
"""

from helpers.wrappers.inspec.inspec import Inspec
from helpers.wrappers.inspec.profile import PLATFORM, ControlSpec, Expectation, Profile, load
from helpers.wrappers.inspec.ruby import files as ruby_files
from helpers.wrappers.inspec.ruby import write as write_ruby
from helpers.wrappers.inspec.types import (
    BadProfile,
    BadWaivers,
    ControlResult,
    EngineFailed,
    EngineMissing,
    InspecError,
    InspecReport,
    ProfileControl,
    ProfileReport,
    WaiverData,
)
from helpers.wrappers.inspec.waivers import Waiver
from helpers.wrappers.inspec.waivers import load as load_waivers

__all__ = [
    "PLATFORM",
    "BadProfile",
    "BadWaivers",
    "ControlResult",
    "ControlSpec",
    "EngineFailed",
    "EngineMissing",
    "Expectation",
    "Inspec",
    "InspecError",
    "InspecReport",
    "Profile",
    "ProfileControl",
    "ProfileReport",
    "Waiver",
    "WaiverData",
    "load",
    "load_waivers",
    "ruby_files",
    "write_ruby",
]
