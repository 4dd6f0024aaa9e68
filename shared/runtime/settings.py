"""Settings that every service has; its own `config.py` adds a prefix and what else it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from shared.contracts.envelope import new_id
from shared.limits.rates import Rate
from shared.messaging.consumer import PREFETCH
from shared.messaging.outbox import DEFAULT_LIMIT
from shared.runtime.server_urls import AmqpUrl, MongoUrl
from shared.web.accounts import AccountRates

PathPrefix = Annotated[str, Field(pattern=r"^/[a-z][a-z0-9_-]{0,39}$")]
"""One step of a path, without a slash at its end: `/intake`."""


RATES: Final = AccountRates()


def _limit(text: str) -> str:
    """Return a limit as it is written; ValueError where it cannot be read."""
    return Rate.parse(text).text


Limit = Annotated[str, AfterValidator(_limit)]
"""A limit written `30/15minute`."""


class _Files(EnvSettingsSource):
    """`<PREFIX><NAME>_FILE` names a file that holds the value of any setting `<NAME>`."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars = dict(self._read())

    def _read(self) -> Iterator[tuple[str, str]]:
        for field in self.settings_cls.model_fields:
            name = f"{self.env_prefix}{field}".lower()
            if path := self.env_vars.get(f"{name}_file"):
                yield name, Path(path).read_text("utf-8").strip()


class FileSettings(BaseSettings):
    """Settings from the environment, each of which may stand in a file instead.

    The file wins over the plain variable. Raises OSError where it cannot be read.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the first before the next."""
        del dotenv_settings, file_secret_settings
        return init_settings, _Files(settings_cls), env_settings


class ProcessSettings(FileSettings):
    """What every process of a service is told, whatever its role."""

    instance: str = Field(default_factory=new_id, description="Name of this process, new at start.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class ServiceSettings(ProcessSettings):
    """Read once from the environment in `__main__`; `<X>_FILE` may hold the value of any `<X>`."""

    amqp_url: AmqpUrl = Field(description="RabbitMQ with its own user; several hosts with commas.")
    mongo_url: MongoUrl = Field(description="MongoDB with this service's own user.")
    mongo_database: str = Field(description="This service's own database.")
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=0, le=65535)
    token_keys: Path = Field(description="Public keys of tokens, a JSON Web Key Set.")
    path_prefix: PathPrefix = Field(
        description="What the service's pages and API lie below, in the one origin of all."
    )
    secure_cookies: bool = Field(default=False, description="True behind TLS.")
    role: Literal["all", "api", "consumer"] = Field(
        default="all",
        description="api: HTTP alone. consumer: the queue alone, with /healthz, /readyz, /metrics.",
    )
    prefetch: int = Field(default=PREFETCH, ge=1, le=2000)
    outbox_limit: int = Field(default=DEFAULT_LIMIT, ge=1)
    head_bytes: int = Field(default=16 * 1024, ge=1024, description="Of a request's head; 431.")
    head_seconds: float = Field(default=10.0, gt=0, description="For a request's head; 408.")
    body_seconds: float = Field(default=30.0, gt=0, description="For a request's body; 408.")
    upload_seconds: float = Field(default=600.0, gt=0, description="For a file as a body; 408.")
    connections: int = Field(default=900, ge=1, description="Open at once; one more is a 503.")
    connections_per_client: int = Field(
        default=100, ge=1, description="From one address; FORWARDED_ALLOW_IPS is exempt."
    )
    requests_per_person: Limit = Field(
        default=RATES.people.text, description="Of an account that has signed in; more are a 429."
    )
    requests_per_machine: Limit = Field(
        default=RATES.machines.text, description="Of an account with a token by command; a 429."
    )
    persons_per_account: Limit = Field(
        default=RATES.persons.text, description="Whom one account may look at; more are a 429."
    )
    requests_per_case: Limit = Field(
        default=RATES.of_a_case.text,
        description="What one account may ask about one case; more are a 429.",
    )
    observers: str = Field(
        default="127.0.0.0/8,::1",
        description="Addresses and networks that may read /metrics and the reasons of /readyz.",
    )
    drain_seconds: float = Field(default=25.0, gt=0, description="For a graceful stop.")

    @property
    def account_rates(self) -> AccountRates:
        """Return what one account may."""
        return AccountRates(
            people=Rate.parse(self.requests_per_person),
            machines=Rate.parse(self.requests_per_machine),
            persons=Rate.parse(self.persons_per_account),
            of_a_case=Rate.parse(self.requests_per_case),
        )
