"""Words of a request's life: its states, stages, outcomes, steps and facts."""

from enum import IntEnum, StrEnum


class State(StrEnum):
    """How far a request has come."""

    RECEIVED = "received"
    VERIFIED = "verified"
    ISSUED = "issued"
    CLOSED = "closed"


class Stage(IntEnum):
    """What is published of a case, once each; the number is the event's version."""

    RECEIVED = 1
    VERIFIED = 2
    ISSUED = 3
    RECEIPT_CONFIRMED = 4
    CLOSED = 5


class Outcome(StrEnum):
    """How a request ended."""

    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What an operator does with a case."""

    VERIFY = "verify"
    ISSUE = "issue"
    HAND_OVER = "hand_over"
    REJECT = "reject"
    CANCEL = "cancel"
    CONFIRM_RECEIPT = "confirm_receipt"
    """The recipient's word, taken by phone or at a counter."""


class Fact(StrEnum):
    """What can be known of a case beside its tickets: from the office, the recipient, courier."""

    RECEIVED = "received"
    VERIFIED = "verified"
    ISSUED = "issued"
    HANDED_OVER = "handed_over"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    RECEIPT_CONFIRMED = "receipt_confirmed"
    JOB_ASSIGNED = "job_assigned"
    PAPERS_COLLECTED = "papers_collected"
    PAPERS_HANDED_IN = "papers_handed_in"
    DOCUMENT_COLLECTED = "document_collected"
    DELIVERY_REPORTED = "delivery_reported"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_CONFIRMED = "delivery_confirmed"
