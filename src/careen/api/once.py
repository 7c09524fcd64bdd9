"""A call that comes again does its work once (yandex-cloud/docs, concepts/idempotency.md)."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

from google.protobuf.message import Message

from careen.api import operations as operation_messages
from careen.api.call import Call
from careen.api.methods import Method
from careen.api.validation import invalid
from careen.errors import NotFound
from careen.store import idempotency, operations
from careen.store.database import Database
from careen.store.idempotency import Attempt, Repeated

_LONGEST_KEY = 200  # characters
_LOCKS = 64


class Once:
    """Remembers which operation each idempotency key has begun."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._locks = [threading.Lock() for _ in range(_LOCKS)]  # two with one key must not begin at a time

    def __call__(
        self, method: Method, request: Message, call: Call, behaviour: Callable[[Call], Message]
    ) -> Message:
        """What `behaviour` gives, or the operation that the call began when it came before.

        The operation and its key are written in one transaction, by `behaviour`: a kill between the two
        would let the work be done twice. Raises Exists where the key came with another request.
        """
        if method.metadata is None or not call.idempotency_key:
            return behaviour(call)
        if len(call.idempotency_key) > _LONGEST_KEY:
            raise invalid("idempotency-key", f"must have at most {_LONGEST_KEY} characters")
        asked = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
        attempt = Attempt(call.caller.id, method.full_name, call.idempotency_key, asked)
        with self._locks[hash((attempt.caller, attempt.key)) % _LOCKS]:
            before = self._before(attempt)
            if before is not None:
                return before
            try:
                return behaviour(replace(call, attempt=attempt))
            except Repeated:  # another process was quicker
                return self._before(attempt) or behaviour(replace(call, attempt=attempt))

    def _before(self, attempt: Attempt) -> Message | None:
        with self._database.read() as connection:
            operation_id = idempotency.operation_of(connection, attempt)
            if operation_id is None:
                return None
            operation = operations.get(connection, operation_id)
            if operation is None:
                raise NotFound.of("Operation", operation_id)
            return operation_messages.message(connection, operation)
