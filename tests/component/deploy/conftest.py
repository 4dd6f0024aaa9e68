from collections.abc import AsyncIterator

import pytest

from tests.component.deploy.whatsapp_kit import Stand, stand


@pytest.fixture
async def there() -> AsyncIterator[Stand]:
    """A sandbox to which Siti has not written yet."""
    async with stand() as made:
        yield made


@pytest.fixture
async def chat(there: Stand) -> Stand:
    """A sandbox to which Siti has written just now."""
    await there.write()
    await there.flush()
    return there
