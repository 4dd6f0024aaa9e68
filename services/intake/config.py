"""Intake's settings."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.intake.domain import ABSOLUTE, IDLE
from services.intake.domain.outside import System
from shared import runtime
from shared.runtime import PathPrefix, ServiceSettings

StandIn = Literal["answers", "refuses", "silent"]
"""How what stands in for a system of others behaves."""
SECRET_LENGTH: Final = 32
"""Characters of each version of the tracking secret, at least."""


class Settings(ServiceSettings):
    """Read from `INTAKE_...`."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    mongo_database: str = "intake"
    http_port: int = Field(default=8001, ge=0, le=65535)
    path_prefix: PathPrefix = "/intake"
    neighbour_prefixes: dict[str, PathPrefix] = Field(
        default_factory=dict,
        description="Where other services lie, as JSON; those not named lie below `/<name>`.",
    )
    tracking_secret: SecretStr = Field(
        description="Codes are made of it. Several, one a line: the newest first, all verify."
    )
    lookup_secret: SecretStr = Field(
        description="Persons are found again by it. Several, one a line: the newest first."
    )
    sealing_keys: Path = Field(description="Master keys of residents' keys; watched for changes.")
    signing_key: Path = Field(
        description="What tokens of people are signed with; watched for changes."
    )
    breached_list: Path | None = Field(
        default=None,
        description="More breached passwords, one a line or as SHA-1; read at the start.",
    )
    office_address: str = Field(
        default="",
        pattern=r"^(https?://[^/\s#?]+)?$",
        description="Where people reach Jemput: it stands before links that commands print.",
    )
    session_idle: timedelta = Field(
        default=IDLE, gt=timedelta(0), le=IDLE, description="Without use; an office may set less."
    )
    session_absolute: timedelta = Field(
        default=ABSOLUTE, gt=timedelta(0), le=ABSOLUTE, description="In all; the same."
    )
    sign_in_limit_client: str = Field(
        default="30/15minute", description="Wrong sign-ins from one address, of unknown devices."
    )
    sign_in_limit_login: str = Field(
        default="20/hour", description="Wrong sign-ins to one login name, of unknown devices."
    )
    sign_in_limit_device: str = Field(
        default="10/15minute", description="Wrong sign-ins of a device that signed in before."
    )
    erasure_list: Path | None = Field(
        default=None, description="Where commands note who was erased; apart from all backups."
    )
    worker_socket: Path | None = Field(
        default=None, description="Where intake's worker takes jobs; without it none is done."
    )
    scanner_socket: Path | None = Field(
        default=None, description="ClamAV's daemon; with it no file is taken unscanned."
    )
    track_limit_client: str = Field(
        default="20/minute", description="Wrong codes from one address."
    )
    receipt_limit_case: str = Field(
        default="10/hour", description="Wrong receipt codes of one case, from all addresses."
    )

    outside_systems: dict[System, StandIn] = Field(
        default_factory=dict,
        description="Which systems are connected, as JSON; so far each by a stand-in.",
    )
    ask_limit_client: str = Field(
        default="60/hour", description="Requests by page from one address."
    )
    send_limit_client: str = Field(
        default="120/hour", description="Papers that residents send from one address."
    )
    send_limit_case: str = Field(
        default="40/hour", description="Papers that residents send for one case."
    )

    @field_validator("tracking_secret", "lookup_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        versions = _lines(secret)
        if not versions or any(len(version) < SECRET_LENGTH for version in versions):
            raise ValueError(f"each version needs {SECRET_LENGTH} characters or more")
        return secret

    @property
    def tracking_secrets(self) -> tuple[bytes, ...]:
        """Return the versions of the secret, the newest first."""
        return tuple(line.encode() for line in _lines(self.tracking_secret))

    @property
    def lookup_secrets(self) -> tuple[bytes, ...]:
        """Return the versions of the look-up secret, the newest first."""
        return tuple(line.encode() for line in _lines(self.lookup_secret))


class WorkerSettings(runtime.WorkerSettings):
    """Read from `INTAKE_...` by intake's worker, which is told no secret."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")


def _lines(secret: SecretStr) -> list[str]:
    lines = (line.strip() for line in secret.get_secret_value().splitlines())
    return [line for line in lines if line]
