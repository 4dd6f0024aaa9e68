"""`python -m services.scheduler`: read the settings once and run."""

from services.scheduler.app import build
from services.scheduler.config import Settings
from shared.runtime import start

if __name__ == "__main__":
    start(build(Settings()))
