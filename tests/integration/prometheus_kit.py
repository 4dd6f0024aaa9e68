"""A real Prometheus beside real services, with the shipped rules as they are."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.local import install, ports
from deploy.local.folder import ROOT
from deploy.local.processes import Process, await_ready

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
READY_WITHIN = 30.0


class Prometheus:
    """One that runs, and what it says."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self._url}/-/ready", timeout=3).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def firing(self, alert: str) -> list[dict[str, Any]]:
        """Return the labels of an alert wherever it fires."""
        found = (await self._ask("alerts"))["alerts"]
        return [
            one["labels"]
            for one in found
            if one["labels"]["alertname"] == alert and one["state"] == "firing"
        ]

    async def value(self, query: str) -> float:
        """Return the one value of a query; 0 where there is none."""
        found = (await self._ask("query", query=query))["result"]
        return float(found[0]["value"][1]) if found else 0.0

    async def _ask(self, path: str, **parameters: str) -> Any:
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.get(f"{self._url}/api/v1/{path}", params=parameters)
        return answer.raise_for_status().json()["data"]


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, int]) -> Iterator[Prometheus]:
    """Run one that asks services at their ports every second, by their names."""
    port = next(ports.free())
    folder.mkdir(parents=True)
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
            for name, target in targets.items()
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration), "utf-8")
    words = [
        install.prometheus(),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    running = Prometheus(f"http://127.0.0.1:{port}")
    with Process("prometheus", words, dict(os.environ), folder / "prometheus.log") as process:
        await_ready(running.ready, what="prometheus", timeout=READY_WITHIN, process=process)
        yield running
