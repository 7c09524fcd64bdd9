"""What was read once, and holds until somebody commits.

SQLite tells each connection whether another, of any process, has changed the database since it looked last
(sqlite.org/pragma.html#pragma_data_version). So what is remembered is never older than what would be read.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

_OPTION = "careen_memory"
_MOST = 2_000  # answers: some hundred bytes each
_LONGEST = 300  # characters of what is asked about: names end at 255, but strangers may ask about any
_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


class Memory:
    """Of one connection that only reads."""

    def __init__(self) -> None:
        self._version = 0
        self._answers: dict[Hashable, Any] = {}

    def hold(self, version: int) -> None:
        """Forget all unless it is of this state of the database; to be called first in a transaction."""
        if version != self._version or len(self._answers) > _MOST:
            self._answers.clear()
            self._version = version

    def recall(self, question: Hashable, find: Callable[[], _Answer]) -> _Answer:
        try:
            answer: _Answer = self._answers[question]
        except KeyError:
            answer = self._answers[question] = find()
        return answer


def given(connection: Connection, memory: Memory) -> Connection:
    return connection.execution_options(**{_OPTION: memory})


def remembered(
    find: Callable[Concatenate[Connection, _Arguments], _Answer],
) -> Callable[Concatenate[Connection, _Arguments], _Answer]:
    """`find`, of a connection and hashable arguments by position; nobody may change what it gives.

    A connection without memory (a writer's, PostgreSQL's) reads anew each time.
    """

    @wraps(find)
    def recall(connection: Connection, /, *arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Answer:
        memory: Memory | None = connection.get_execution_options().get(_OPTION)
        if memory is None or named or any(map(_is_long, arguments)):
            return find(connection, *arguments, **named)
        return memory.recall((find, arguments), lambda: find(connection, *arguments, **named))

    return recall


def _is_long(argument: object) -> bool:
    return isinstance(argument, str) and len(argument) > _LONGEST
