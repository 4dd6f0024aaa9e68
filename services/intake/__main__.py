"""`python -m services.intake`: run the service or its worker; `programmes ...`: one command."""

import sys

from services.intake.app import NAME, build
from services.intake.cli import main
from services.intake.config import Settings, WorkerSettings
from services.intake.jobs import JOBS
from shared.runtime import start, start_worker

if __name__ == "__main__":
    if sys.argv[1:]:
        status, lines = main(sys.argv[1:], Settings)
        print(*lines, sep="\n", file=sys.stderr if status else sys.stdout)
        sys.exit(status)
    worker = WorkerSettings()
    if worker.role == "worker":
        start_worker(NAME, worker, JOBS)
    else:
        start(build(Settings()))
