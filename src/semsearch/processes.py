"""Other processes that work for this one: one thread each, ended with it."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Any

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def pool(n: int, begin: Callable[..., None], *given: Any) -> ProcessPoolExecutor:
    """`n` processes, each of which calls `begin(*given)` first; both must be importable and picklable."""
    return ProcessPoolExecutor(n, get_context("spawn"), _begin, (pickle.dumps((begin, given)),))


def _begin(packed: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that keeps the state ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    begin, given = pickle.loads(packed)  # only now: unpacking imports the libraries that read the variables
    begin(*given)


def _end_with_parent() -> None:
    """One that is killed cannot end them, and they hold the pipe open that they wait at."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
