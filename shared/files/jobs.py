"""What a worker does with files; a service adds it to the `JOBS` of its own."""

from collections.abc import Mapping
from typing import Final

from shared.worker.jobs import MIB, Job, Lane

LARGEST: Final = 32 * MIB
"""Bytes of a file of any purpose."""
CHECK: Final = "check_issued"
TABLE: Final = 10 * MIB
"""Bytes of a table."""
CHECK_TABLE: Final = "check_table"
READ_TABLE: Final = "read_table"
JOBS: Final[Mapping[str, Job]] = {
    "clean_file": Job(
        function="shared.files.cleaning:clean_file",
        lane=Lane.HEAVY,
        seconds=60.0,
        cpu_seconds=30,
        body_bytes=LARGEST,
    ),
    CHECK: Job(
        function="shared.files.issued:check_issued",
        lane=Lane.READING,
        seconds=30.0,
        cpu_seconds=15,
        body_bytes=LARGEST,
    ),
    **{
        name: Job(
            function=f"shared.files.tables:{name}",
            lane=Lane.HEAVY,
            seconds=60.0,
            cpu_seconds=30,
            body_bytes=TABLE,
        )
        for name in (CHECK_TABLE, READ_TABLE)
    },
}
