"""A worker of odd jobs; its arguments are its socket and how many quick children it has."""

import sys
from pathlib import Path
from typing import Final

from shared.runtime import WorkerSettings, start_worker
from tests.component.worker.odd_jobs import JOBS

WAITING: Final = 2

if __name__ == "__main__":
    socket, size = Path(sys.argv[1]), {"waiting": WAITING, "quick_children": int(sys.argv[2])}
    settings = WorkerSettings.model_validate({"worker_socket": socket, "role": "worker", **size})
    start_worker("odd", settings, JOBS)
