"""`python -m shared.worker SOCKET`: ends with 0 where a worker answers; a container's check."""

import asyncio
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from shared.worker.client import WorkerClient, WorkerMetrics

if __name__ == "__main__":
    client = WorkerClient(Path(sys.argv[1]), WorkerMetrics(CollectorRegistry()))
    sys.exit(asyncio.run(client.check()))
