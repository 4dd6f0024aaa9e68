"""The alerts are valid, proven by promtool, and tell a person in Indonesian what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.provision import service_names

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "prometheus"
REQUIRED = {
    "ServiceDown",
    "OutboxOld",
    "DeadLettersArrived",
    "DeadLettersWaiting",
    "QueueGrowing",
    "DeferredTooLong",
    "CountingBehind",
}
# What Prometheus itself makes, what our kernel counts, what RabbitMQ's plugin counts.
METRICS = {
    "up",
    "jemput_audit_behind_seconds",
    "jemput_audit_failed_total",
    "jemput_audit_findings",
    "jemput_database_unavailable_total",
    "jemput_outbox_rounds_failed_total",
    "jemput_intake_late_requests",
    "jemput_intake_escalated_requests",
    "jemput_intake_rights_requests_due_timestamp_seconds",
    "jemput_outbox_unreadable",
    "jemput_outbox_oldest_age_seconds",
    "jemput_deferred_oldest_age_seconds",
    "jemput_messages_dead_lettered_total",
    "jemput_reporting_unfolded_oldest_age_seconds",
    "jemput_security_events_total",
    "jemput_server_certificate_ends_timestamp_seconds",
    "jemput_timers_oldest_overdue_seconds",
    "rabbitmq_detailed_queue_messages",
    "rabbitmq_detailed_queue_messages_ready",
    "rabbitmq_detailed_queue_consumers",
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_alarms_free_disk_space_watermark",
}
# Words that Indonesian sentences about a running system cannot do without, and English ones do.
INDONESIAN = re.compile(
    r"\b(tidak|belum|sudah|pesan|layanan|ada|untuk|sampai|menahan|lebih)\b", re.IGNORECASE
)


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _tested() -> dict[str, list[bool]]:
    """Of each alert: whether it is expected to fire, case by case."""
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text("utf-8"))["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    return {
        name: [bool(case["exp_alerts"]) for case in cases if case["alertname"] == name]
        for name in {case["alertname"] for case in cases}
    }


RULES = {rule["alert"]: rule for rule in _rules()}


@pytest.mark.parametrize(
    "words",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
    ids=["configuration", "alerts"],
)
def test_promtool_approves(words: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is missing: python -m deploy.local install prometheus")
    done = subprocess.run(
        [promtool, *words], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_office_was_promised_is_watched() -> None:
    assert set(RULES) >= REQUIRED


def test_each_alert_is_proven_to_fire_and_to_keep_quiet() -> None:
    proven = {name: set(cases) for name, cases in _tested().items()}
    assert proven == {name: {True, False} for name in RULES}


@pytest.mark.parametrize("name", RULES)
def test_alert_tells_how_grave_it_is_what_it_means_and_what_to_do(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    told = f"{rule['annotations']['summary']} {rule['annotations']['description']}"
    assert INDONESIAN.search(told)
    guide, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert guide == "deploy/prometheus/README.md"
    headings = re.findall(r"^### (\w+)$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]
    assert anchor == name.lower()


@pytest.mark.parametrize("name", RULES)
def test_alert_asks_only_for_metrics_that_exist(name: str) -> None:
    asked = set(re.findall(r"\b(?:jemput|rabbitmq)_\w+|\bup\b", RULES[name]["expr"]))
    assert asked
    assert asked <= METRICS


def test_every_service_is_asked() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    targets = {
        target
        for job in configuration["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    assert {f"{service}:8000" for service in service_names()} <= targets
    assert "rabbitmq:15692" in targets


def test_queues_are_asked_for_one_by_one() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    job = next(j for j in configuration["scrape_configs"] if j["job_name"] == "rabbitmq-queues")
    assert job["metrics_path"] == "/metrics/detailed"
    assert job["params"]["family"] == ["queue_coarse_metrics", "queue_consumer_count"]
