import threading
from dataclasses import dataclass

from careen.jobs.turns import Turns


@dataclass(eq=False)
class Work:
    whose: str
    size: int = 1
    is_begun: bool = False


def served(turns: Turns[Work], rounds: int) -> list[str]:
    """Whose turn it is, where nothing ever ends."""
    order = []
    for _ in range(rounds):
        work = turns.take(timeout=5)
        assert work is not None
        order.append(work.whose)
        turns.put(work)
    return order


def test_who_has_much_work_is_served_no_more_often_than_who_has_little() -> None:
    turns = Turns[Work](places=8)
    for _ in range(127):
        turns.put(Work("large"))
    turns.put(Work("small"))
    turns.put(Work("other"))
    assert served(turns, 6) == ["large", "small", "other", "large", "small", "other"]


def test_of_ones_own_the_largest_goes_first() -> None:
    turns = Turns[Work](places=8)
    for size in (3, 9, 5):
        turns.put(Work("image", size))
    taken = [turns.take(timeout=5) for _ in range(3)]
    assert [work and work.size for work in taken] == [9, 5, 3]


def test_of_ones_own_what_is_begun_goes_before_the_largest() -> None:
    turns = Turns[Work](places=8)
    begun = Work("image", 1)
    turns.put(begun)
    assert turns.take(timeout=5) is begun
    turns.put(Work("image", 9))
    turns.put(begun)
    assert turns.take(timeout=5) is begun


def test_no_more_is_begun_than_there_are_places() -> None:
    turns = Turns[Work](places=1)
    first, second, followed = Work("one"), Work("two"), Work("three", is_begun=True)
    turns.put(first)
    turns.put(second)
    assert turns.take(timeout=5) is first
    assert turns.take(timeout=0.01) is None
    turns.put(followed)
    assert turns.take(timeout=5) is followed
    turns.give_up_place(first)
    assert turns.take(timeout=5) is second


def test_whoever_waits_is_sent_home_in_the_end() -> None:
    turns = Turns[Work](places=1)
    taken: list[Work | None] = []
    thread = threading.Thread(target=lambda: taken.append(turns.take()))
    thread.start()
    turns.close()
    thread.join(timeout=10)
    assert taken == [None]
