"""`python -m services.scheduler`: run the service; with `events ...`, one command."""

import sys

from services.scheduler.app import build
from services.scheduler.cli import main
from services.scheduler.config import Settings
from shared.runtime import start

if __name__ == "__main__":
    if sys.argv[1:]:
        status, lines = main(sys.argv[1:], Settings)
        print(*lines, sep="\n", file=sys.stderr if status else sys.stdout)
        sys.exit(status)
    start(build(Settings()))
