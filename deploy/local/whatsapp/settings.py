"""What the sandbox is told. No key has a default."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from deploy.local.whatsapp.sandbox import Keys
from deploy.local.whatsapp.world import SHORTEST, Number
from shared.runtime.settings import FileSettings

PREFIX: Final = "WHATSAPP_SANDBOX_"
Key = Annotated[SecretStr, Field(min_length=16)]


def numbers_of(text: str) -> str:
    """Return the text where every number in it can be read: `ID=PHONE,ID=PHONE`."""
    _numbers(text)
    return text


class SandboxSettings(FileSettings):
    """Read once from `WHATSAPP_SANDBOX_...`; `<X>_FILE` may hold the value of any `<X>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    access_token: Key = Field(description="What the office sends with every call.")
    app_secret: Key = Field(description="What webhooks are signed with.")
    verify_token: Key = Field(description="What the handshake of the webhook's address needs.")
    control_key: Key = Field(description="What tests send with every call below /_sandbox.")
    numbers: Annotated[str, AfterValidator(numbers_of)] = Field(
        description="Published numbers, each Meta's id and how it is shown: ID=PHONE,ID=PHONE."
    )
    account: str = Field(default="320000000000001", pattern=r"^[0-9]{1,20}$")
    port: int = Field(default=0, ge=0, le=65535, description="0: any that is free.")
    per_second: int = Field(default=80, ge=1, le=1000, description="Sends of one number; 130429.")

    def keys(self) -> Keys:
        """Return the secrets."""
        return Keys(
            self.access_token.get_secret_value(),
            self.app_secret.get_secret_value(),
            self.verify_token.get_secret_value(),
            self.control_key.get_secret_value(),
        )

    def published(self) -> tuple[Number, ...]:
        """Return the numbers."""
        return _numbers(self.numbers)


def _numbers(text: str) -> tuple[Number, ...]:
    pairs = [part.strip().partition("=") for part in text.split(",")]
    found = tuple(Number(id_, display) for id_, _, display in pairs)
    wrong = [one for one in found if not one.id.isdecimal() or len(one.digits) < SHORTEST]
    if wrong or len({one.id for one in found}) != len(found):
        raise ValueError("numbers are written ID=PHONE,ID=PHONE, each id once")
    return found
