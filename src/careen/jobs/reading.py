"""One layer, read in turns by a child process, which may crash, hang or lie without harm to this one."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from careen.errors import Unavailable
from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.jobs.child import describe_growing
from careen.jobs.confinement import FOR_THE_SERVICE
from careen.jobs.growing import word
from careen.model import layer_json
from careen.model.digest import Digest
from careen.model.layer import LayerIndex

_COMMAND = (sys.executable, "-P", "-m", "careen.jobs.child")
_ENVIRONMENT = ("PYTHONPATH", "PATH", "LD_LIBRARY_PATH", "LANG")  # the rest may hold secrets
_GRACE = 2.0  # seconds beyond the budget before a child that does not end by itself is killed
_TOLD = 500  # characters of what a child said as it died
_PIECE = 64 << 10  # bytes


class Reading:
    """The child is begun at once, by a thread that must outlive it (PR_SET_PDEATHSIG of prctl(2)).

    It works while `turn` is called, and between turns as long as it is not paused. A child that crashes on
    a layer is the layer's fault: the error says how the child ended. Close it, or use it in `with`.
    """

    def __init__(self, path: Path, offset: int, *, budgets: Budgets) -> None:
        """The file may get another name from now on. Raises Unavailable when there is none."""
        descriptor = _open(path)
        try:
            self._child = _start(descriptor)
        finally:
            os.close(descriptor)
        self._budgets = budgets
        self._left = budgets.seconds + _GRACE
        self._unread = 0  # words that the child has not followed to their end
        self._answer = bytearray()
        self._is_paused = False
        self._digest: Digest | None = None
        self._say(describe_growing(Path(f"/proc/self/fd/{descriptor}"), offset, budgets))

    def hear(self, size: int, digest: Digest | None = None) -> None:
        """There are `size` bytes of the blob; with a digest, this is all of it."""
        self._digest = digest
        self._unread += 1
        self._say(word(size, digest))

    @property
    def waits(self) -> bool:
        """Whether all bytes were read that there are, and more must come."""
        return self._unread == 0

    def turn(self, seconds: float) -> LayerIndex | None:
        """Let the child work for so long, or until it waits; returns what the layer holds, at the end.

        Raises CorruptLayer, BudgetExceeded, and Unavailable for a blob that is gone.
        """
        began = time.monotonic()
        self._go_on()
        try:
            is_over = self._listen(began + min(seconds, self._left))
        finally:
            self._left -= time.monotonic() - began
        if is_over:
            return self._result()
        if self._left <= 0:
            raise self._out_of_time()
        return None

    def pause(self) -> None:
        self._is_paused = True
        self._child.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        """End the child, whatever it is about."""
        self._child.kill()
        with self._child, suppress(BrokenPipeError):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _say(self, line: bytes) -> None:
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):  # it died; how, is seen where it is listened to
            self._child.stdin.write(line)
            self._child.stdin.flush()

    def _go_on(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._child.send_signal(signal.SIGCONT)

    def _listen(self, deadline: float) -> bool:
        """Until the child has answered (True), waits, or the time is over."""
        assert self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while not self.waits and (left := deadline - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                piece = os.read(descriptor, _PIECE)
                if not piece:
                    return True
                self._hear_answer(piece)
        return False

    def _hear_answer(self, piece: bytes) -> None:
        """Empty lines come before the answer: the child has caught up once more."""
        if not self._answer:
            rest = piece.lstrip(b"\n")
            self._unread -= len(piece) - len(rest)
            piece = rest
        self._answer += piece
        if len(self._answer) > self._budgets.answer:
            raise self._budgets.exceeded("answer", "bytes of what indexing found in the layer")

    def _result(self) -> LayerIndex:
        status = self._child.wait()
        if status:
            raise self._death(status)
        index = _index(_parsed(bytes(self._answer)))
        if self._digest is None or index.digest != self._digest:
            raise CorruptLayer("indexing crashed on the layer: it answered about another one")
        return index

    def _out_of_time(self) -> BudgetExceeded:
        return self._budgets.exceeded("seconds", "time for the layer (or the machine's memory)")

    def _death(self, status: int) -> CorruptLayer | BudgetExceeded | Unavailable:
        if -status in FOR_THE_SERVICE:
            return Unavailable(f"indexing was stopped from outside by signal {-status}")
        if -status in (signal.SIGXCPU, signal.SIGKILL):
            return self._out_of_time()
        assert self._child.stderr is not None
        said = self._child.stderr.read(1 << 16).decode("utf-8", "replace").strip()[-_TOLD:]
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return CorruptLayer(f"indexing crashed on the layer ({how}): {said}")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # what is no file must not block
    except OSError as error:
        raise Unavailable(f"the layer's blob cannot be read: {error}") from error


def _start(descriptor: int) -> "subprocess.Popen[bytes]":
    """A child that has the descriptor under the same number.

    Signals for the whole service are blocked in it, as in this thread now, until it ignores them itself.
    """
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    pipe = subprocess.PIPE
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FOR_THE_SERVICE)
    try:
        return subprocess.Popen(  # noqa: S603 - a fixed command
            _COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, pass_fds=(descriptor,)
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _parsed(answer: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CorruptLayer("indexing crashed on the layer: its answer is no JSON")
    return document


def _index(answer: Mapping[str, Any]) -> LayerIndex:
    if "budget" in answer:
        raise BudgetExceeded(str(answer["budget"]))
    if "corrupt" in answer:
        raise CorruptLayer(str(answer["corrupt"]))
    if "unavailable" in answer:
        raise Unavailable(str(answer["unavailable"]))
    try:
        return layer_json.load(answer["index"])
    except (KeyError, layer_json.InvalidLayerIndex) as error:
        raise CorruptLayer(f"indexing crashed on the layer: {error}") from None
