"""Errors that are shown to a person, without a traceback."""


class UnavailableError(RuntimeError):
    """Something needed cannot be had on this machine; the text names what to do about it."""
