"""The figures of the key `seal`."""

from services.intake.usecases import Vault
from tests.benchmarks.plain_intake import PlainVault
from tests.benchmarks.seal import figures


def test_the_ratio_is_the_median_of_rounds_that_stood_side_by_side() -> None:
    rates = {"sealed": [90.0, 45.0, 80.0], "plain": [100.0, 50.0, 100.0]}
    assert figures(rates) == {"sealed_per_s": 80.0, "plain_per_s": 100.0, "ratio": 0.9}


def test_the_plain_vault_passes_through_and_does_what_a_vault_does() -> None:
    vault: Vault = PlainVault()
    key = vault.new_key("r-1")
    assert vault.open(key, "s-1", vault.seal(key, "s-1", {"name": "Siti"})) == {"name": "Siti"}
    assert vault.rewrap(key) is key
    assert not key.destroyed
