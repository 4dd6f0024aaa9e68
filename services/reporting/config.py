"""Reporting's settings, and those of whoever operates it."""

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime import ServiceSettings


class Settings(ServiceSettings):
    """Read from `REPORTING_...`, by the service and by its commands."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_", frozen=True, extra="ignore")

    mongo_database: str = "reporting"
    http_port: int = Field(default=8004, ge=0, le=65535)
    lease_seconds: float = Field(
        default=10.0, gt=0, description="After so long without a word another instance counts."
    )


class OperatorSettings(BaseSettings):
    """Read from `JEMPUT_OPERATOR_...`: what a service's own broker user may not do."""

    model_config = SettingsConfigDict(env_prefix="JEMPUT_OPERATOR_", frozen=True, extra="ignore")

    amqp_url: str = Field(description="RabbitMQ as a user who may write to any queue.")
    amqp_url_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, values: dict[str, Any]) -> dict[str, Any]:
        file = values.get("amqp_url_file")
        return {**values, "amqp_url": Path(file).read_text().strip()} if file else values
