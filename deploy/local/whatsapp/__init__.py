"""A server with memory that stands in for Meta's WhatsApp Cloud API, for tests and for `make up`.

Residents in it are made up. What it does wrong is data that a test sets below `/_sandbox`.
"""
