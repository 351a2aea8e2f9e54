"""The program in this process, as the tests of the command line call it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from semsearch.cli.app import main

PROGRAM = [sys.executable, "-m", "semsearch"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run(*arguments: object) -> Done:
    """`main()` with all of its error handling."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["semsearch", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Done(int(code or 0), out.getvalue(), err.getvalue())  # type: ignore[call-overload]


def market_that_asks(root: Path, base_url: str) -> None:
    """A new workspace whose models are the scripted ones of an endpoint, of which the small one has a price."""
    assert run("init", "-w", root).code == 0
    (root / "semsearch.toml").write_text(
        f'[llm]\nbase_url = "{base_url}"\nlarge = "scripted-large"\nsmall = "scripted-small"\n'
        "[llm.prices]\nscripted-small = {input = 0.4, output = 1.6}\n",
        encoding="utf-8",
    )
