"""How the process that reads a layer is confined, and what it asks of the kernel and the interpreter."""

import ctypes
import gc
import os
import resource
import signal
import sys

from careen.images.budgets import Budgets

_OPEN_FILES = 32
_ALLOCATED = 20_000  # objects that are new since garbage was last looked for
# Of mallopt(3), in bytes: what is kept at the heap's top, what is asked for at once, and from what size on
# memory is mapped by itself.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_MALLOC_OPTIONS = {_M_TRIM_THRESHOLD: 64 << 20, _M_TOP_PAD: 1 << 20, _M_MMAP_THRESHOLD: 1 << 20}
FOR_THE_SERVICE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # signals
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def collect_seldom() -> None:
    """Garbage has few circles here, and to look for them as often as usual takes 3 % of the CPU."""
    gc.freeze()
    gc.set_threshold(_ALLOCATED)


def keep_memory() -> None:
    """A layer's pieces come and go by the thousand: fresh pages for them cost up to a tenth of the CPU."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # of GNU's
        for option, size in _MALLOC_OPTIONS.items():
            library.mallopt(option, size)


def die_with(parent: int) -> None:
    """Ask the kernel to end this process with its parent, which may have ended already."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def outlast_signals() -> None:
    """What asks the whole service to end is meant for the parent, who takes this process with it.

    If it ended this one first, the layer would be blamed.
    """
    for number in FOR_THE_SERVICE:
        signal.signal(number, signal.SIG_IGN)


def limit(budgets: Budgets) -> None:
    for kind, value in {
        resource.RLIMIT_AS: budgets.memory,
        resource.RLIMIT_CPU: budgets.seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(kind, (value, value))
