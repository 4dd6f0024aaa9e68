from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import docker
import pytest

from deploy.local import engine

IMAGES = engine.Images("broker:1", "database:1")


@dataclass
class _FakeEngine:
    """Just as much of an engine as is asked: its images, and those of the registry it reaches."""

    present: set[str]
    registry: set[str] = field(default_factory=set)

    @property
    def images(self) -> "_FakeEngine":
        return self

    def get(self, name: str) -> None:
        if name not in self.present:
            raise docker.errors.ImageNotFound(name)

    def get_registry_data(self, name: str) -> None:
        if name not in self.registry:
            raise docker.errors.APIError("no such host")

    def pull(self, name: str) -> None:
        self.present.add(name)


def given(monkeypatch: pytest.MonkeyPatch, fake: _FakeEngine) -> list[str]:
    @contextmanager
    def client(_seconds: int = 0) -> Iterator[Any]:
        yield fake

    monkeypatch.setattr(engine, "listens", lambda _: True)
    monkeypatch.setattr(engine, "client", client)
    return []


def test_an_engine_with_both_images_can_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    told = given(monkeypatch, _FakeEngine({"broker:1", "database:1"}))
    assert engine.has(IMAGES, told.append)
    assert told == []


def test_an_image_that_can_be_pulled_is_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = _FakeEngine({"broker:1"}, registry={"database:1"})
    told = given(monkeypatch, fake)
    assert engine.has(IMAGES, told.append)
    assert fake.present == {"broker:1", "database:1"}
    assert told == ["pulling database:1"]


def test_an_engine_without_images_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    told = given(monkeypatch, _FakeEngine({"broker:1"}))
    assert not engine.has(IMAGES, told.append)
    assert told == ["the Docker engine neither has nor can pull database:1: it is not used"]


def test_no_engine_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_seconds: int = 0) -> None:
        raise docker.errors.DockerException("nobody answers")

    monkeypatch.setattr(engine, "listens", lambda _: True)
    monkeypatch.setattr(engine, "client", nobody)
    assert not engine.has(IMAGES, print)
