"""What intake's worker does."""

from collections.abc import Mapping
from typing import Final

from shared.worker import hashing
from shared.worker.jobs import Job

JOBS: Final[Mapping[str, Job]] = {**hashing.JOBS}
