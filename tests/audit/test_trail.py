"""Where events are written, and what happens when they cannot be."""

import json
import threading
from pathlib import Path

import pytest
import structlog

from careen.audit.event import Event, Failure, Origin
from careen.audit.trail import Trail, opened
from careen.errors import Unavailable
from careen.model.access import CLOUD, Identity, Resource, ResourceKind, SubjectType

CALLER = Identity("ajecaller", SubjectType.SERVICE, "ci", "iam-token:ajetoken")
ORIGIN = Origin(CALLER, "192.0.2.7", 4711, "skopeo/1", "request-1")
PATH = (Resource(ResourceKind.REGISTRY, "crpone"), Resource(ResourceKind.FOLDER, "b1g"), CLOUD)


def event(name: str = "CreateRegistry") -> Event:
    return Event(name, ORIGIN, PATH, {"registry_id": "crpone"})


def names(path: Path) -> list[str]:
    return [json.loads(line)["event_type"].rpartition(".")[2] for line in path.read_text().splitlines()]


def test_an_event_has_the_schema_of_audit_trails() -> None:
    document = json.loads(event().line())
    assert document.pop("event_id").count("-") == 4
    assert document.pop("event_time").endswith("Z")
    assert document == {
        "event_source": "containerregistry",
        "event_type": "yandex.cloud.audit.containerregistry.CreateRegistry",
        "authentication": {
            "authenticated": True,
            "subject_type": "SERVICE_ACCOUNT",
            "subject_id": "ajecaller",
            "subject_name": "ci",
            "token_info": {"iam_token_id": "ajetoken"},
        },
        "authorization": {"authorized": True},
        "resource_metadata": {
            "path": [
                {"resource_type": "resource-manager.cloud", "resource_id": "careen"},
                {"resource_type": "resource-manager.folder", "resource_id": "b1g"},
                {"resource_type": "container-registry.registry", "resource_id": "crpone"},
            ]
        },
        "request_metadata": {
            "remote_address": "192.0.2.7",
            "user_agent": "skopeo/1",
            "request_id": "request-1",
            "remote_port": "4711",
        },
        "event_status": "DONE",
        "details": {"registry_id": "crpone"},
        "request_parameters": {},
        "response": {},
    }


def test_a_denial_is_an_error_without_authorization() -> None:
    denied = Event("DeleteImage", ORIGIN, failure=Failure(7, "Permission denied", is_denial=True))
    document = json.loads(denied.line())
    assert document["event_status"] == "ERROR"
    assert document["authorization"] == {"authorized": False}
    assert document["authentication"]["authenticated"] is True
    assert document["error"] == {"code": 7, "message": "Permission denied"}


def test_hostile_text_stays_within_its_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    hostile = Origin(CALLER, user_agent='a\n{"event_type":"forged"}\u2028\x00\udcff')
    opened(str(path)).write(Event("CreateImage", hostile), event())
    assert names(path) == ["CreateImage", "CreateRegistry"]


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    opened(str(path)).write(event())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    trail = opened(str(path))
    trail.write(event("CreateImage"))
    path.rename(tmp_path / "audit.jsonl.1")
    trail.write(event("DeleteImage"))
    assert names(tmp_path / "audit.jsonl.1") == ["CreateImage"]
    assert names(path) == ["DeleteImage"]


def test_a_line_that_a_crash_broke_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"event_id":"half')
    opened(str(path)).write(event())
    assert path.read_text().splitlines()[0] == '{"event_id":"half'
    assert json.loads(path.read_text().splitlines()[1])["event_source"] == "containerregistry"


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    trail = opened(str(path))

    def write() -> None:
        for _ in range(20):
            trail.write(event())

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert names(path) == ["CreateRegistry"] * 160


def test_a_full_disk_refuses_the_next_change_and_loses_no_event() -> None:
    written: list[bytes] = []
    full = [True]

    def disk(lines: bytes, /) -> None:
        if full[0]:
            raise OSError(28, "No space left on device")
        written.append(lines)

    trail = Trail(disk)
    trail.require()
    with structlog.testing.capture_logs() as logged:
        trail.write(event("CreateImage"))
        with pytest.raises(Unavailable, match="audit log"):
            trail.require()
    assert [entry["reason"] for entry in logged] == ["No space left on device"] * 2
    full[0] = False
    trail.require()
    trail.write(event("DeleteImage"))
    assert [json.loads(line)["event_type"].rpartition(".")[2] for line in b"".join(written).splitlines()] == [
        "CreateImage",
        "DeleteImage",
    ]


def test_a_device_that_is_full_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="CAREEN_AUDIT"):
        opened(str(tmp_path / "nowhere" / "audit.jsonl"))
    trail = opened("/dev/full")
    with structlog.testing.capture_logs():
        trail.write(event())
        with pytest.raises(Unavailable):
            trail.require()


def test_standard_output_and_nothing_are_choices(capfd: pytest.CaptureFixture[str]) -> None:
    opened("stdout").write(event("CreateImage"))
    opened("").write(event("DeleteImage"))
    assert [json.loads(line)["event_type"] for line in capfd.readouterr().out.splitlines()] == [
        "yandex.cloud.audit.containerregistry.CreateImage"
    ]
