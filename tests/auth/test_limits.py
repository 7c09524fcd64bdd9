"""How often authentication may fail."""

from dataclasses import dataclass

import pytest

from careen.auth.limits import WINDOW, Failures, TooManyFailures


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(clock: Clock) -> Failures:
    return Failures(most=3, clock=clock)


def fail(failures: Failures, *names: str, times: int) -> None:
    for _ in range(times):
        failures.check(names, "guess")
        failures.failed(names)


def test_too_many_failures_say_when_to_come_again(failures: Failures, clock: Clock) -> None:
    fail(failures, "address a", times=3)
    clock.now += 20
    with pytest.raises(TooManyFailures) as refused:
        failures.check(["address a"], "guess")
    assert refused.value.retry_after == 41
    assert "41 seconds" in refused.value.message
    clock.now += 41
    failures.check(["address a"], "guess")


def test_each_address_and_each_account_has_its_own_count(failures: Failures) -> None:
    fail(failures, "address a", "account x", times=3)
    failures.check(["address b", "account y"], "guess")
    with pytest.raises(TooManyFailures):
        failures.check(["address b", "account x"], "guess")


def test_what_proved_itself_lately_goes_on_beside_a_neighbour_who_guesses(failures: Failures) -> None:
    failures.succeeded("right")
    fail(failures, "address a", times=3)
    failures.check(["address a"], "right")
    with pytest.raises(TooManyFailures):
        failures.check(["address a"], "wrong")


def test_old_failures_are_forgotten(failures: Failures, clock: Clock) -> None:
    for _ in range(10):
        fail(failures, "address a", times=2)
        clock.now += WINDOW + 1


def test_memory_has_a_bound(failures: Failures) -> None:
    for number in range(25_000):
        failures.failed([f"address {number}"])
        failures.succeeded(f"proof {number}")
    assert len(failures._counts) == len(failures._proved) == 10_000
