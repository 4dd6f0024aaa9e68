"""Scheduler's settings."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.files.evidence_parts import EvidenceSettings
from shared.runtime import PathPrefix, StreamSettings
from shared.runtime.settings import Limit


class Settings(EvidenceSettings, StreamSettings):
    """Read from `SCHEDULER_...`."""

    model_config = SettingsConfigDict(env_prefix="SCHEDULER_")

    mongo_database: str = "scheduler"
    http_port: int = Field(default=8002, ge=0, le=65535)
    path_prefix: PathPrefix = "/scheduler"
    place_limit_client: Limit = Field(
        default="20/minute", description="Wrong codes of the gate from one address; more are a 429."
    )
