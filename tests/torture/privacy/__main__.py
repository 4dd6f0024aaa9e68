"""`python -m tests.torture.privacy`: record made-up residents, search every place, erase ten.

Writes build/privacy.json. Exit status 0 where nothing of them was found anywhere, the three planted
leaks were, and nothing of the ten can be read after yesterday's data came back without their keys.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from deploy.local.folder import ROOT
from deploy.local.processes import signals_interrupt
from tests.torture.privacy import erased, pdf, planted
from tests.torture.privacy.day import lived
from tests.torture.privacy.office import Office, opened
from tests.torture.privacy.persons import made_up
from tests.torture.privacy.places import Place, places
from tests.torture.privacy.searcher import Hit, Searcher

RESULT: Final = ROOT / "build" / "privacy.json"
RESIDENTS: Final = 1_000
SHOWN: Final = 5
"""Hits of one place that are named in the result, by number and field."""
say = partial(print, flush=True)


def main(words: Sequence[str]) -> int:
    """Play it on a fresh stack, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.privacy", description=__doc__)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--to", type=Path, default=RESULT, help="where the result is written")
    wanted = parser.parse_args(words)
    with signals_interrupt(), opened(say) as office:
        result = played(office, wanted.residents)
    wanted.to.parent.mkdir(exist_ok=True)
    wanted.to.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")
    say(json.dumps({name: value for name, value in result.items() if name != "each"}))
    return 0 if passed(result) else 1


def played(office: Office, residents: int) -> dict[str, Any]:
    """Record, plant, search, erase; what is written."""
    everybody = made_up(residents + planted.COUNT)
    persons = everybody[:residents]
    say(f"recording {residents} residents")
    day = asyncio.run(lived(office, persons))
    plants = planted.plant(office, everybody[residents:])
    say("searching")
    began = time.monotonic()
    said = Place("answers to those who were refused", "answers", [(1, one) for one in day.refusals])
    each = list(searched([*places(office), said], Searcher(everybody), residents, plants))
    seconds = time.monotonic() - began
    say(f"searched {len(each)} places in {seconds:.0f} s; erasing {erased.COUNT}")
    return {
        "residents": residents,
        "places_searched": len(each),
        "found": sum(one["found"] for one in each),
        "planted_found": sum(one.get("planted_found", 0) for one in each),
        **erased.erased(office, persons, day),
        "seconds_searched": round(seconds, 1),
        "pdf_text": "read" if pdf.library() else "not read: pikepdf is not installed",
        "each": each,
    }


def searched(
    found_in: Iterable[Place], searcher: Searcher, residents: int, plants: Mapping[str, Hit]
) -> Iterator[dict[str, Any]]:
    """Search each place; the planted ones count where they were planted, and nowhere as found."""
    for place in found_in:
        count, hits = 0, set[Hit]()
        for many, blob in place.parts:
            count += many
            hits |= searcher.find(blob)
        real = sorted(hit for hit in hits if hit[0] < residents)
        one: dict[str, Any] = {"place": place.name, place.unit: count, "found": len(real)}
        if real:
            one["first"] = [f"resident {number}: {field}" for number, field in real[:SHOWN]]
            say(f"FOUND in {place.name}: {one['first']}")
        if place.name in plants:
            one["planted_found"] = int(plants[place.name] in hits)
        yield one


def passed(result: Mapping[str, Any]) -> bool:
    """Whether nothing was found, the searcher is not blind, and the erased are gone."""
    return bool(
        result["found"] == 0
        and result["planted_found"] == planted.COUNT
        and result["erased_unreadable"] == result["erased"] == erased.COUNT
        and result["erased_keys_in_oplog_once_the_master_key_is_retired"] == 0
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
