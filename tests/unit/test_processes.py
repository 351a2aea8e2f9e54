"""Worker processes."""

from __future__ import annotations

import os
import sys

from semsearch.processes import pool

_begun: list[str] = []


def _begin(word: str) -> None:
    _begun.append(word)


def _look() -> tuple[list[str], str | None]:
    return _begun, os.environ.get("OMP_NUM_THREADS")


def test_each_process_begins_once_with_one_thread():
    with pool(1, _begin, "ready") as others:
        assert others.submit(_look).result() == (["ready"], "1")


def test_variables_are_set_before_libraries_are_loaded():
    import subprocess

    code = (
        "from semsearch import processes\n"
        "import sys\n"
        "loaded = {name for name in sys.modules if name in ('numpy', 'polars')}\n"
        "print(sorted(loaded))\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
