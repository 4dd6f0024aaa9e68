"""What a person has to be told, without a traceback."""


class UnavailableError(RuntimeError):
    """Something needed cannot be had on this machine; the text says what to do about it."""
