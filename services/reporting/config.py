"""Reporting's settings, and those of whoever operates it."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.files.evidence_parts import EvidenceSettings
from shared.runtime import AmqpUrl, FileSettings, PathPrefix, StreamSettings


class Settings(EvidenceSettings, StreamSettings):
    """Read from `REPORTING_...`, by the service and by its commands."""

    model_config = SettingsConfigDict(env_prefix="REPORTING_")

    mongo_database: str = "reporting"
    http_port: int = Field(default=8004, ge=0, le=65535)
    path_prefix: PathPrefix = "/reporting"
    lease_seconds: float = Field(
        default=10.0, gt=0, description="After so long without a word another instance counts."
    )


class OperatorSettings(FileSettings):
    """Read from `JEMPUT_OPERATOR_...`: what a service's own broker user may not do."""

    model_config = SettingsConfigDict(env_prefix="JEMPUT_OPERATOR_")

    amqp_url: AmqpUrl = Field(description="RabbitMQ as a user who may write to any queue.")
