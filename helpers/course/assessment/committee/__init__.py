"""The steering committee: reviews by its members, a decision by rule, and a record in the audit trail.

A review is signed by its reviewer's own key, the decision by the committee's. Who verifies needs the deck, the
committee's charter, and the public keys of the trail's log and root; nothing that the record says is believed alone.
"""

from helpers.course.assessment.committee.charter import Charter as Charter
from helpers.course.assessment.committee.charter import person as person
from helpers.course.assessment.committee.reviews import Finding as Finding
from helpers.course.assessment.committee.reviews import NotDecided as NotDecided
from helpers.course.assessment.committee.reviews import Review as Review
from helpers.course.assessment.committee.reviews import faults as faults
from helpers.course.assessment.committee.reviews import outcome as outcome
from helpers.course.assessment.committee.sitting import Sitting as Sitting
from helpers.course.assessment.committee.sitting import seat as seat
from helpers.course.assessment.committee.verify import Verdict as Verdict
from helpers.course.assessment.committee.verify import judge as judge
from helpers.course.assessment.committee.verify import verify as verify
