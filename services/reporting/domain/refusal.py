"""How the domain refuses."""


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """A question that the rules do not allow; `reason` is stable, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
