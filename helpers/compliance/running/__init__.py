"""Controls on what runs: what the platform's profile is asked about here, and its report as evidence.

>>> report = Inspec().exec(inputs(), subject="platform")
>>> record(report, Trail("controls"))
Entry(7 2026-01-10T09:00:00Z controls verify: accepted)
"""

from helpers.compliance.running.buckets import bucket_report
from helpers.compliance.running.inputs import INPUTS, STATES, bucket_command, inputs
from helpers.compliance.running.record import ACTOR, CannotRecord, event_of, record

__all__ = [
    "ACTOR",
    "INPUTS",
    "STATES",
    "CannotRecord",
    "bucket_command",
    "bucket_report",
    "event_of",
    "inputs",
    "record",
]
