"""Index one layer in a child process, which may crash, hang or lie without harm to this one."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from careen.errors import Unavailable
from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.jobs.child import LayerSource, describe
from careen.model import layer_json
from careen.model.layer import LayerIndex

__all__ = ["LayerSource", "index_layer"]

_COMMAND = (sys.executable, "-P", "-m", "careen.jobs.child")
_ENVIRONMENT = ("PYTHONPATH", "PATH", "LD_LIBRARY_PATH", "LANG")  # the rest may hold secrets
_GRACE = 2.0  # seconds beyond the budget before a child that does not end by itself is killed
_TOLD = 500  # characters of what a child said as it died


def index_layer(source: LayerSource, *, budgets: Budgets) -> LayerIndex:
    """What the layer holds. Raises CorruptLayer, BudgetExceeded, and Unavailable for a blob that is gone.

    A child that crashes on a layer is the layer's fault: the error says how the child ended.
    """
    with _child(timeout=budgets.seconds + _GRACE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(BrokenPipeError):  # it died at once; how, is seen below
            child.stdin.write(describe(source, budgets))
            child.stdin.close()
        answer = child.stdout.read(budgets.answer + 1)
        if len(answer) > budgets.answer:
            raise budgets.exceeded("answer", "bytes of what indexing found in the layer")
        status = child.wait()
        if status:
            raise _death(child, status, budgets)
    return _index(_parsed(answer), source)


@contextmanager
def _child(timeout: float) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed when the time is over or when the block is left before its end."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    pipe = subprocess.PIPE
    with subprocess.Popen(_COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as child:  # noqa: S603 - a fixed command
        timer = threading.Timer(timeout, child.kill)
        timer.start()
        try:
            yield child
        finally:
            timer.cancel()
            child.kill()


def _death(
    child: "subprocess.Popen[bytes]", status: int, budgets: Budgets
) -> CorruptLayer | BudgetExceeded | Unavailable:
    if -status in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        return Unavailable(f"indexing was stopped from outside by signal {-status}")
    if -status in (signal.SIGXCPU, signal.SIGKILL):
        return budgets.exceeded("seconds", "time for the layer (or the machine's memory)")
    assert child.stderr is not None
    said = child.stderr.read(1 << 16).decode("utf-8", "replace").strip()[-_TOLD:]
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return CorruptLayer(f"indexing crashed on the layer ({how}): {said}")


def _parsed(answer: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CorruptLayer("indexing crashed on the layer: its answer is no JSON")
    return document


def _index(answer: Mapping[str, Any], source: LayerSource) -> LayerIndex:
    if "budget" in answer:
        raise BudgetExceeded(str(answer["budget"]))
    if "corrupt" in answer:
        raise CorruptLayer(str(answer["corrupt"]))
    if "unavailable" in answer:
        raise Unavailable(str(answer["unavailable"]))
    try:
        index = layer_json.load(answer["index"])
    except (KeyError, layer_json.InvalidLayerIndex) as error:
        raise CorruptLayer(f"indexing crashed on the layer: {error}") from None
    if index.digest != source.digest:
        raise CorruptLayer("indexing crashed on the layer: it answered about another one")
    return index
