"""How much a document may lose, and how much of it may be unreadable."""

import pytest

from careen.jobs.feed_bounds import Bounds, Tally

NOTHING, SHRANK = "nothing in it", "shrank from"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, Tally(100, 300), ""),
        (None, Tally(0), NOTHING),
        (None, Tally(1, ecosystems=1), ""),  # a release that has nothing to tell yet
        (None, Tally(1, ecosystems=1, problems=1), NOTHING),
        (Tally(3, 2, ecosystems=1), Tally(1, ecosystems=1), NOTHING),
        (Tally(100, 300), Tally(80, 240), ""),
        (Tally(100, 300), Tally(79, 240), SHRANK),
        (Tally(100, 300), Tally(100, 239), "statements on packages"),
        (Tally(1, 300), Tally(1, 2), ""),  # a CVE that is in fewer packages than was thought
        (Tally(5, 5), Tally(3, 3), ""),
        (Tally(5, 5), Tally(2, 2), SHRANK),
        (Tally(100, 300), Tally(10_000, 30_000), ""),
        (Tally(100), Tally(90, problems=10), ""),
        (Tally(100), Tally(89, problems=11), "11 of its 100 records cannot be read"),
        (Tally(85, problems=15), Tally(80, problems=20), ""),  # upstream always was like that
        (Tally(85, problems=15), Tally(74, problems=26), "26 of its 100 records cannot be read"),
        (None, Tally(50, problems=50), ""),  # the half is better than nothing
        (None, Tally(49, problems=51), "51 of its 100 records cannot be read"),
        (None, Tally(1, 1, problems=2), ""),
        (None, Tally(1, 1, problems=3), "3 of its 4 records cannot be read"),
    ],
)
def test_bounds(before: Tally | None, now: Tally, said: str) -> None:
    objection = Bounds().objection(now, before)
    assert said in objection
    assert bool(said) == bool(objection)


def test_bounds_may_be_wider() -> None:
    assert Bounds(lost=0.9).objection(Tally(11, 11), Tally(100, 100)) == ""
    assert Bounds(invalid=0.9).objection(Tally(20, problems=80), None) == ""
    assert Bounds(lost=0).objection(Tally(97, 97), Tally(100, 100)) != ""
