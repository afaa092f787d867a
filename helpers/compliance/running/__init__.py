"""Controls on what runs: what the platform's profile is asked about here, and its report as evidence.

>>> report = Inspec().exec(inputs())
>>> record(report, Trail("controls"))
Entry(7 2026-01-10T09:00:00Z controls verify: accepted)
"""

from helpers.compliance.running.buckets import bucket_report
from helpers.compliance.running.inputs import STATES, bucket_command, inputs
from helpers.compliance.running.record import event_of, evidence_of, record

__all__ = ["STATES", "bucket_command", "bucket_report", "event_of", "evidence_of", "inputs", "record"]
