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

from bench.llm_ground import Served, now, questions, settings

from semsearch.wiring.asking import open_asker
from semsearch.workspace import Workspace


@dataclass(frozen=True)
class Kill:
    """A run that was killed, and the runs after it."""

    n: int
    n_at_kill: int
    """Calls that had reached the server when the process was killed."""
    n_in_flight: int
    """Calls that the server was answering just before."""
    n_repeated: int
    """Calls of the killed run and the next one beyond one a question."""
    n_third: int
    """Calls of a third run."""


def command(folder: Path, url: str, n: int, at_once: int) -> list[str]:
    return [sys.executable, "-m", "bench.llm_asking", str(folder), url, str(n), "--at-once", str(at_once)]


def killed(server: Served, folder: Path, n: int, kill_after: int, at_once: int) -> Kill:
    """Kill a run with SIGKILL once so many of its calls have come, run it again, and once more."""
    before = server.counts()["n_calls"]
    asking = command(folder, server.url, n, at_once)
    with subprocess.Popen(asking, stdout=subprocess.DEVNULL) as process:
        while (counts := server.counts())["n_calls"] - before < kill_after:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    at_kill = server.counts()["n_calls"] - before
    again = []
    for _ in range(2):
        subprocess.run(asking, check=True, stdout=subprocess.DEVNULL)
        again.append(server.counts()["n_calls"] - before)
    return Kill(n, at_kill, counts["n_in_flight"], again[0] - n, again[1] - again[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("n", type=int)
    parser.add_argument("--at-once", type=int, default=32)
    given = parser.parse_args()
    workspace = Workspace.open(given.folder)
    with open_asker(workspace, settings(given.url, given.at_once), clock=now) as asker:
        said = list(asker.ask(questions(given.n)))
    print(json.dumps({"n": len(said), "n_calls": asker.n_calls, "n_cached": asker.n_cached}))


if __name__ == "__main__":
    main()
