"""Settings from the environment and from files."""

from importlib import import_module
from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from deploy.provision import service_names
from shared.runtime import FileSettings, ServiceSettings


class Kiosk(FileSettings):
    """Read from `KIOSK_...`."""

    model_config = SettingsConfigDict(env_prefix="KIOSK_")

    secret: SecretStr = Field(min_length=8)
    limit: int = 5
    doors: tuple[str, ...] = ()


def put(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    (folder / name).write_text(text)
    monkeypatch.setenv(f"{name}_FILE", str(folder / name))


def test_any_setting_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, monkeypatch, "KIOSK_SECRET", "eight signs\n")
    put(tmp_path, monkeypatch, "KIOSK_LIMIT", "7\n")
    put(tmp_path, monkeypatch, "KIOSK_DOORS", '["east", "west"]')
    settings = Kiosk()
    assert settings.secret.get_secret_value() == "eight signs"
    assert (settings.limit, settings.doors) == (7, ("east", "west"))


def test_the_file_wins_over_the_variable_and_what_is_said_in_code_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, monkeypatch, "KIOSK_SECRET", "of the file")
    monkeypatch.setenv("KIOSK_SECRET", "of the variable")
    monkeypatch.setenv("KIOSK_LIMIT_FILE", "")
    monkeypatch.setenv("KIOSK_LIMIT", "9")
    settings = Kiosk()
    assert (settings.secret.get_secret_value(), settings.limit) == ("of the file", 9)
    assert Kiosk(secret=SecretStr("of the code")).secret.get_secret_value() == "of the code"


def test_a_value_that_does_not_fit_is_named_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, monkeypatch, "KIOSK_SECRET", "hunter2")
    with pytest.raises(ValidationError, match="secret") as raised:
        Kiosk()
    assert "hunter2" not in str(raised.value)


def test_a_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_SECRET_FILE", "/nowhere/secret")
    with pytest.raises(FileNotFoundError):
        Kiosk()


@pytest.mark.parametrize(
    "prefix", ["", "/", "kiosk", "/kiosk/", "/a/b", "/Kiosk", "/ki osk", "//k"]
)
def test_a_prefix_is_one_step_without_a_slash_at_its_end(prefix: str) -> None:
    nothing = {"amqp_url": "x", "mongo_url": "x", "mongo_database": "x", "token_keys": "x"}
    with pytest.raises(ValidationError, match="path_prefix"):
        ServiceSettings.model_validate({**nothing, "http_port": 1, "path_prefix": prefix})


@pytest.mark.parametrize("service", service_names())
def test_a_service_lies_below_its_name_unless_its_settings_say_otherwise(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = import_module(f"services.{service}.config").Settings
    assert settings.model_fields["path_prefix"].default == f"/{service}"
    nothing = {"amqp_url": "x", "mongo_url": "x", "token_keys": "x", "sealing_keys": "x"}
    nothing |= {"signing_key": "x"}
    nothing |= {"tracking_secret": "s" * 32, "lookup_secret": "s" * 32}
    monkeypatch.setenv(f"{service.upper()}_PATH_PREFIX", "/elsewhere")
    assert settings(**nothing).path_prefix == "/elsewhere"
