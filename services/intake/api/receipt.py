"""What a receipt says of the data that were just given: purpose, basis, and where to read on."""

from services.intake.domain import DataUse
from services.intake.usecases import DATA_PAGE, KnownProgrammes
from shared.web.pages import Pages


class ReceiptTexts:
    """Words for residents, in Bahasa Indonesia."""

    def __init__(self, programmes: KnownProgrammes, pages: Pages) -> None:
        self._programmes = programmes
        self._pages = pages

    async def of(self, programme_id: str) -> str:
        """Return what is said of a programme's use of data; raises Unavailable."""
        programme = await self._programmes.published(programme_id)
        use = programme.data_use if programme else DataUse()
        texts = self._pages.texts
        return texts(
            "data_use.receipt",
            owner=programme.owner if programme else texts("data_use.office"),
            purpose=use.purpose or texts("data_use.purpose"),
            basis=use.basis or texts("data_use.basis"),
            address=self._pages.at(f"{DATA_PAGE}/{programme_id}"),
        )
