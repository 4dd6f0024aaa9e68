"""What every service that keeps a trail publishes of it; each has its own type, under its name."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.event import Event, Slug


class AuditHead(Event):
    """The hash of an audit trail's newest block: kept elsewhere, it shows if one was altered."""

    aggregate_field: ClassVar[str] = "chain"
    correlation_field: ClassVar[str] = "chain"

    chain: Annotated[Slug, Field(description="Whose trail it is.", examples=["intake"])]
    number: int = Field(ge=1, le=2**31 - 1, description="Of the block.", examples=[17])
    head: Annotated[
        str,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="SHA-256 of the block, which holds that of the block before.",
            examples=["5e8c" * 16],
        ),
    ]
    entries: int = Field(ge=1, le=500, description="In the block.", examples=[3])
