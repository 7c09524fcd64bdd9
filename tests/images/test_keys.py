"""Keys against a set of Python's."""

from hypothesis import given
from hypothesis import strategies as st

from careen.images.keys import Keys

# Few keys, all of one shelf, that are found in each other at odd places.
KEY = st.sampled_from([bytes(8), b"\0" * 7 + b"\1", b"\0" * 4 + b"\1\0\0\0", b"\0\1" * 4])


@given(st.lists(st.tuples(st.booleans(), KEY | st.binary(min_size=8, max_size=8)), max_size=40))
def test_keys_are_a_set_in_order(steps: list[tuple[bool, bytes]]) -> None:
    keys, known = Keys(), set[bytes]()
    for is_new, key in steps:
        if is_new:
            keys.add(key)
            known.add(key)
        else:
            assert keys.discard(key) == (key in known)
            known.discard(key)
    assert keys.pack() == b"".join(sorted(known))
