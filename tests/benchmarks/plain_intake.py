"""Intake with a vault that passes everything through: `python -m tests.benchmarks.plain_intake`.

What the key `seal` compares with. It lies here, so that no service can be configured to it.
"""

from collections.abc import Mapping
from dataclasses import replace

from services.intake.app import definition
from services.intake.config import Settings
from services.intake.domain import ResidentKey
from services.intake.usecases import Vault
from shared.runtime import HttpInterface, ServiceContext, assemble, start


class PlainVault:
    """Keeps what residents say as it is."""

    def new_key(self, resident_id: str) -> ResidentKey:
        """Return what stands for a key, as long as one."""
        return ResidentKey(resident_id, "plain", "x" * 82)

    def seal(
        self, key: ResidentKey, statement_id: str, fields: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return the fields."""
        del key, statement_id
        return fields

    def open(
        self, key: ResidentKey, statement_id: str, sealed: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return the fields."""
        del key, statement_id
        return sealed

    def rewrap(self, key: ResidentKey) -> ResidentKey:
        """Return the key."""
        return key


def main() -> None:
    """Run it as the service runs."""
    settings = Settings()
    usual = definition(settings)

    def http_interface(context: ServiceContext) -> HttpInterface:
        interface = usual.http_interface(context)
        return replace(interface, provides={**interface.provides, Vault: PlainVault()})

    start(assemble(replace(usual, http_interface=http_interface), settings))


if __name__ == "__main__":
    main()
