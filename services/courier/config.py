"""Courier's settings."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime import PathPrefix, ServiceSettings


class Settings(ServiceSettings):
    """Read from `COURIER_...`."""

    model_config = SettingsConfigDict(env_prefix="COURIER_")

    mongo_database: str = "courier"
    http_port: int = Field(default=8003, ge=0, le=65535)
    path_prefix: PathPrefix = "/courier"
    neighbour_prefixes: dict[str, PathPrefix] = Field(
        default_factory=dict,
        description="Where other services lie, as JSON; those not named lie below `/<name>`.",
    )
