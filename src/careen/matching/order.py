"""How the versions of an ecosystem compare, as byte keys."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from careen.versions import BY_NAME

Key = Callable[[str], bytes]


class Order(NamedTuple):
    key: Key
    after: Key  # what is just above a version, and above the builds that it stands for


@functools.cache
def order_of(scheme: str, *, by_source: bool) -> Order:
    module = BY_NAME[scheme]
    key: Key = getattr(module, "source_key", module.key) if by_source else module.key
    # No key is the beginning of another one, so nothing lies between.
    return Order(key, getattr(module, "after", lambda version: key(version) + b"\0"))
