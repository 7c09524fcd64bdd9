"""Types of columns that behave alike on SQLite and PostgreSQL."""

import json
import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, TEXT, BigInteger, Dialect, LargeBinary, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ESCAPED = "\x01"  # begins a text that is kept as JSON
_REFUSED = re.compile(f"^{_ESCAPED}|[\x00\ud800-\udfff]")

# What comes from our own API, and may be searched.
Fields = JSON().with_variant(JSONB(), "postgresql")

# What comes from images: PostgreSQL's `json` keeps escapes such as \u0000 that `jsonb` refuses.
Document = JSON(none_as_null=True)


def now() -> datetime:
    """The time in UTC, as precise as a Timestamp."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Timestamp(TypeDecorator[datetime]):
    """An aware datetime as milliseconds since 1970; whatever is finer is cut off."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else _EPOCH + value * _MILLISECOND


class String(TypeDecorator[str]):
    """Any text, ordered by code point; what databases refuse (NUL, lone surrogates) is kept as JSON."""

    impl = TEXT
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TEXT:
        return TEXT(collation="C") if dialect.name == "postgresql" else TEXT()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        if not value or value.isprintable():  # nearly all are, and nothing is that is refused
            return value
        return _ESCAPED + json.dumps(value) if _REFUSED.search(value) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return json.loads(value[1:]) if value and value.startswith(_ESCAPED) else value


class Packed(TypeDecorator[Any]):
    """A JSON document, deflated: for what is large and is read as a whole."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> bytes:
        del dialect
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), level=1)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON
        del dialect
        return None if value is None else json.loads(zlib.decompress(value))
