"""`python -m services.intake`: run the service; with `programmes ...`, one command."""

import sys

from services.intake.app import build
from services.intake.cli import main
from services.intake.config import Settings
from shared.runtime import start

if __name__ == "__main__":
    if sys.argv[1:]:
        status, lines = main(sys.argv[1:], Settings)
        print(*lines, sep="\n", file=sys.stderr if status else sys.stdout)
        sys.exit(status)
    start(build(Settings()))
