"""Files that name residents, as papers of theirs and as evidence: so that there are some to search.

Each is fetched again, so that what is searched is known to be there; one with a script is refused.
"""

from collections.abc import Sequence
from typing import Final

import httpx

from tests.torture.privacy.office import EVENT, EVENT_PROGRAMME, Office
from tests.torture.privacy.persons import Person
from tests.unit.files.letters import letter
from tests.unit.files.samples import pdf, with_hidden_script

YEAR: Final = 2026
"""Of the programme, that has evidence in reporting."""
SENT: Final = 5
"""Residents who send a paper."""


async def sent(
    office: Office, http: httpx.AsyncClient, persons: Sequence[Person], cases: dict[int, str]
) -> list[bytes]:
    """Send papers and lists of who came, bind and fetch them; return what was said of a refusal."""
    some = persons[:SENT]
    grants = [f"operator:{programme}:*" for programme in (EVENT_PROGRAMME, "halo_pamor")]
    for one in some:
        path = f"{office.stack.url('intake')}/api/requests/{cases[one.number]}/papers"
        data = letter(*_lines(one))
        await _kept(office, http, path, data, {"kind": "family_card"}, grants)
    lists = letter("DAFTAR HADIR", *(line for one in some for line in _lines(one)))
    for service, about, kind in (
        ("scheduler", f"events/{EVENT}", "list"),
        ("reporting", f"programmes/{EVENT_PROGRAMME}/years/{YEAR}", "assignment"),
    ):
        evidence = f"{office.stack.url(service)}/api/{about}/evidence"
        planner = [f"planner:{EVENT_PROGRAMME}:*"]
        await _kept(office, http, evidence, lists, {"kind": kind}, planner)
    bad = pdf(change=with_hidden_script, compress_streams=False)
    bad += f"\n% {' '.join(_lines(some[0]))}\n".encode()
    headers = office.headers("petugas-1", *grants)
    path = f"{office.stack.url('intake')}/api/requests/{cases[some[0].number]}/papers"
    refused = await http.post(path, content=bad, headers=headers)
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY, refused.text
    return [refused.content]


def _lines(one: Person) -> tuple[str, ...]:
    return (one.words[0], f"NIK : {one.nik}", f"Telp : 0{one.phone}", one.address)


async def _kept(
    office: Office,
    http: httpx.AsyncClient,
    path: str,
    data: bytes,
    kind: dict[str, str],
    grants: Sequence[str],
) -> None:
    made = await http.post(path, content=data, headers=office.headers("rina-1", *grants))
    assert made.status_code == httpx.codes.CREATED, made.text
    place = f"{path}/{made.json()['file_id']}"
    bound = await http.post(place, json=kind, headers=office.headers("rina-1", *grants))
    assert bound.is_success, bound.text
    back = await http.get(f"{place}/content", headers=office.headers("rina-1", *grants))
    assert back.content == data, "what is searched is not what was sent"
