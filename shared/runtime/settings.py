"""Settings that every service has; its own `config.py` adds a prefix and what else it needs."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.envelope import new_id
from shared.messaging.consumer import PREFETCH
from shared.messaging.outbox import DEFAULT_LIMIT


class ServiceSettings(BaseSettings):
    """Read once from the environment in `__main__`.

    `AMQP_URL_FILE`, `MONGO_URL_FILE` and what else a service declares so name files with the value.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    amqp_url: str = Field(description="RabbitMQ with this service's own user.")
    amqp_url_file: Path | None = None
    mongo_url: str = Field(description="MongoDB with this service's own user.")
    mongo_url_file: Path | None = None
    mongo_database: str = Field(description="This service's own database.")
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=0, le=65535)
    token_keys: Path = Field(description="Public keys of tokens, a JSON Web Key Set.")
    secure_cookies: bool = Field(default=False, description="True behind TLS.")
    role: Literal["all", "api", "consumer"] = Field(
        default="all", description="api: HTTP alone; consumer and all: messages too."
    )
    instance: str = Field(default_factory=new_id, description="Name of this process, new at start.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    prefetch: int = Field(default=PREFETCH, ge=1, le=2000)
    outbox_limit: int = Field(default=DEFAULT_LIMIT, ge=1)
    drain_seconds: float = Field(default=25.0, gt=0, description="For a graceful stop.")

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        read = {
            name.removesuffix("_file"): Path(value).read_text().strip()
            for name, value in values.items()
            if name.endswith("_file") and value
        }
        return {**values, **read}
