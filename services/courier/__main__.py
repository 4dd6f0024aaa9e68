"""`python -m services.courier`: run the service; with words behind it, one command."""

import sys

from services.courier.app import build
from services.courier.cli import main
from services.courier.config import Settings
from shared.runtime import start

if __name__ == "__main__":
    if sys.argv[1:]:
        status, lines = main(sys.argv[1:], Settings)
        print(*lines, sep="\n", file=sys.stderr if status else sys.stdout)
        sys.exit(status)
    start(build(Settings()))
