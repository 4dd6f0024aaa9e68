from prometheus_client import CollectorRegistry, generate_latest

from shared.observability.metrics import HttpMetrics, service_registry


def test_a_service_says_what_it_is_and_how_its_process_fares() -> None:
    registry = service_registry("intake", "1.2.3")
    assert (
        registry.get_sample_value("jemput_build_info", {"service": "intake", "version": "1.2.3"})
        == 1
    )
    exposed = generate_latest(registry).decode()
    for family in ("process_resident_memory_bytes", "python_info", "python_gc_collections"):
        assert f"# TYPE {family}" in exposed


def test_two_services_in_one_process_do_not_meet() -> None:
    service_registry("intake", "1")
    service_registry("courier", "1")


def test_requests_are_counted_by_method_template_and_class() -> None:
    registry = CollectorRegistry()
    metrics = HttpMetrics(registry)
    metrics.answered("GET", "/api/cases/{id}", 404, 0.02)
    metrics.answered("GET", "/api/cases/{id}", 404, 0.2)
    metrics.answered("BREW", "unmatched", 405, 0.0)
    metrics.answered("POST", "/api/cases", None, 1.0)

    def count(method: str, route: str, status: str) -> float | None:
        labels = {"method": method, "route": route, "status": status}
        return registry.get_sample_value("jemput_http_requests_total", labels)

    assert count("GET", "/api/cases/{id}", "4xx") == 2
    assert count("other", "unmatched", "4xx") == 1
    assert count("POST", "/api/cases", "none") == 1
    quick = {"method": "GET", "route": "/api/cases/{id}", "status": "4xx", "le": "0.025"}
    assert registry.get_sample_value("jemput_http_request_seconds_bucket", quick) == 1
