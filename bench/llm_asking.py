"""A process that asks: `python -m bench.llm_asking FOLDER URL N [--at-once K]`; the kill tests kill it.

It opens the workspace at FOLDER as any command does, asks about the first N posts of the simulated stream, and prints
one JSON object when it is done.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.llm_ground import counts, now, questions, settings

from semsearch.llm.asking import Asker
from semsearch.wiring.asking import open_asker
from semsearch.workspace import Workspace


@dataclass(frozen=True)
class Kill:
    """A run that was killed, and the runs after it."""

    n: int
    n_at_kill: int
    """Calls that had reached the server when the process was dead."""
    n_in_flight: int
    """Calls that the server was answering just before."""
    n_repeated: int
    """Calls of the killed run and the next one beyond one a question."""
    n_third: int
    """Calls of a third run."""


def asked(folder: Path, url: str, n: int, at_once: int) -> Asker:
    """Ask about the first `n` posts; what was asked before is not asked again."""
    with open_asker(Workspace.open(folder), settings(url, at_once), clock=now) as asker:
        assert len(list(asker.ask(questions(n)))) == n
    return asker


def killed(url: str, folder: Path, n: int, kill_after: int, at_once: int) -> Kill:
    """Kill a process with SIGKILL once so many of its calls have come; then ask the same here, and once more."""
    before = counts(url)["n_calls"]
    command = [sys.executable, "-m", "bench.llm_asking", str(folder), url, str(n), "--at-once", str(at_once)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while (told := counts(url))["n_calls"] - before < kill_after:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    n_calls = [counts(url)["n_calls"] - before]
    for _ in range(2):
        asked(folder, url, n, at_once)
        n_calls.append(counts(url)["n_calls"] - before)
    at_kill, second, third = n_calls
    return Kill(n, at_kill, told["n_in_flight"], second - n, third - second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("n", type=int)
    parser.add_argument("--at-once", type=int, default=32)
    given = parser.parse_args()
    asker = asked(given.folder, given.url, given.n, given.at_once)
    print(json.dumps({"n": given.n, "n_calls": asker.n_calls, "n_cached": asker.n_cached}))


if __name__ == "__main__":
    main()
