"""Intake: programmes, requests and everything about persons; the one that speaks to residents."""
