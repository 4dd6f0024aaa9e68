"""What intake's worker does."""

from collections.abc import Mapping
from typing import Final

from shared.files import jobs as files
from shared.worker import passwords
from shared.worker.jobs import Job

JOBS: Final[Mapping[str, Job]] = {**passwords.JOBS, **files.JOBS}
