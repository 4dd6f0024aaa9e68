"""Intake's settings."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.runtime import ServiceSettings


class Settings(ServiceSettings):
    """Read from `INTAKE_...`."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    mongo_database: str = "intake"
    http_port: int = Field(default=8001, ge=0, le=65535)
    tracking_secret: SecretStr = Field(
        min_length=32, description="Tracking codes are made of it; lost, no old one can be said."
    )
    track_limit_client: str = Field(
        default="20/minute", description="Tries of a tracking code from one address."
    )
