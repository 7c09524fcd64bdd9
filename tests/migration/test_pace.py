"""A source is asked as often as it wishes, by as many as are allowed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from careen.migration.pace import Pace


def test_no_more_connections_work_at_a_time_than_there_are() -> None:
    pace, lock = Pace(3), threading.Lock()
    working, most = 0, 0

    def work(_: int) -> None:
        nonlocal working, most
        with pace:
            with lock:
                working += 1
                most = max(most, working)
            time.sleep(0.01)
            with lock:
                working -= 1

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(30)))
    assert most == 3


def test_who_is_throttled_makes_everybody_wait() -> None:
    pace = Pace(2)
    pace.slow_down(1, asked=0.2)
    begun = time.monotonic()
    with pace:
        pass
    assert time.monotonic() - begun >= 0.19


def test_what_failed_waits_longer_each_time_but_not_for_ever() -> None:
    waits: list[float] = []
    pace = Pace(1, sleep=waits.append)
    for attempt in range(1, 30):
        pace.rest(attempt)
    assert waits[0] < waits[5] < waits[9]
    assert max(waits) <= 60
