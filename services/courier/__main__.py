"""`python -m services.courier`: read the settings once and run."""

from services.courier.app import build
from services.courier.config import Settings
from shared.runtime import start

if __name__ == "__main__":
    start(build(Settings()))
