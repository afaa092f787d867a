"""Handing in: what would be sent and what it would earn, the exchange it goes to, the receipt of what arrived."""

from helpers.course.handing.answers import Answers, answers
from helpers.course.handing.errors import CannotSend, NoExchange, NotDelivered, NotReleased
from helpers.course.handing.exchanges import Exchange, configured, exchange
from helpers.course.handing.notebook import hand_in
from helpers.course.handing.plan import Plan, Scored, plan
from helpers.course.handing.sending import Receipt, digest_of, send, sent

__all__ = [
    "Answers",
    "CannotSend",
    "Exchange",
    "NoExchange",
    "NotDelivered",
    "NotReleased",
    "Plan",
    "Receipt",
    "Scored",
    "answers",
    "configured",
    "digest_of",
    "exchange",
    "hand_in",
    "plan",
    "send",
    "sent",
]
