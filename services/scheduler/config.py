"""Scheduler's settings."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime import PathPrefix, ServiceSettings


class Settings(ServiceSettings):
    """Read from `SCHEDULER_...`."""

    model_config = SettingsConfigDict(env_prefix="SCHEDULER_")

    mongo_database: str = "scheduler"
    http_port: int = Field(default=8002, ge=0, le=65535)
    path_prefix: PathPrefix = "/scheduler"
    sealing_keys: Path = Field(description="Master keys of files' keys; watched for changes.")
    worker_socket: Path | None = Field(
        default=None, description="A worker that looks through files; without it none is taken."
    )
    scanner_socket: Path | None = Field(
        default=None, description="ClamAV's daemon; with it no file is taken unscanned."
    )
