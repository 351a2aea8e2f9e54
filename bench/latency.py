"""How long a search takes: in process by mode, as one command, and what `--help` costs beside a bare Typer app.

    python bench/latency.py WORKSPACE [WORKSPACE …] [--queries FILE.tsv] [--runs 20]

One-shot runs alternate with the bare app, after one unmeasured run of each (warm file cache). Queries are the second
column of a TSV with a header, or the first words of 200 titles.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

PROGRAM = Path(sys.executable).parent / "semsearch"
MODES = ("hybrid", "dense", "lexical")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspaces", nargs="+", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    conditions()
    for workspace in options.workspaces:
        in_process(workspace, options.queries, options.runs)
    for workspace in options.workspaces:
        one_shot(workspace, options.queries, options.runs)
    help_ratio(options.runs)


def conditions() -> None:
    import semsearch

    load = ", ".join(f"{figure:.2f}" for figure in os.getloadavg())
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(f"semsearch {semsearch.__version__}, Python {platform.python_version()}, NumPy {np.__version__}")
    print(f"{os.cpu_count()} cores, load average {load}, OMP_NUM_THREADS {threads}\n")


def in_process(workspace: Path, queries: Path | None, rounds: int) -> None:
    """p50 and p95 over all queries, each asked a few times, modes alternating."""
    from semsearch import wiring
    from semsearch.workspace import Workspace

    searcher = wiring.open_searcher(Workspace.open(workspace))
    manifest = searcher.release.manifest
    asked = read_queries(queries) if queries else titles(searcher.release.rows)
    now = datetime.now(UTC)
    for mode in MODES:
        for query in asked[:20]:
            searcher.search(query, now=now, mode=mode)
    times: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(max(1, rounds // 4)):
        for query in asked:
            for mode in MODES:
                start = time.perf_counter()
                searcher.search(query, now=now, mode=mode)
                times[mode].append((time.perf_counter() - start) * 1000)
    print(f"In process: {workspace.name}, {manifest.n_items:,} items, {manifest.dense_kind}, {len(asked)} queries")
    for mode in MODES:
        p50, p95 = np.percentile(times[mode], [50, 95])
        print(f"  {mode:<8} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms   n {len(times[mode])}")


def one_shot(workspace: Path, queries: Path | None, runs: int) -> None:
    """The command line as a person calls it, one process a search."""
    from semsearch import wiring
    from semsearch.workspace import Workspace

    rows = wiring.open_searcher(Workspace.open(workspace)).release.rows
    query = (read_queries(queries) if queries else titles(rows))[0]
    walls = {
        "search": [str(PROGRAM), "search", query, "-w", str(workspace)],
        "search --where": [str(PROGRAM), "search", query, "-w", str(workspace), "--where", "price > 0"],
    }
    for name, command in walls.items():
        figures = [timed(command) for _ in range(runs + 1)][1:]
        print(f"One shot: {workspace.name}, {len(rows):,} items, {name:<15} {spread(figures)}")


def help_ratio(runs: int) -> None:
    """`semsearch --help` against a bare Typer app with the same command tree, alternating."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        n_commands = write_bare_app(bare)
        commands = {"semsearch": [str(PROGRAM), "--help"], "bare Typer": [sys.executable, str(bare), "--help"]}
        times: dict[str, list[Timing]] = {name: [] for name in commands}
        for run in range(runs + 1):
            for name, command in commands.items():
                figure = timed(command)
                if run:
                    times[name].append(figure)
    print(f"\n--help, {n_commands} commands")
    for name, figures in times.items():
        print(f"  {name:<11} {spread(figures)}")
    for number, kind in enumerate(Timing._fields):
        ours, theirs = (np.median([figure[number] for figure in figures]) for figures in times.values())
        print(f"  ratio of the {kind} medians {ours / theirs:.2f}   (target 1.3 or less)")


def write_bare_app(path: Path) -> int:
    """A Typer app with our command tree and one line of help each; returns the number of commands."""
    from semsearch.cli.app import app

    lines = ["import typer", "app = typer.Typer(no_args_is_help=True)"]
    count = 0

    def add(name: str, owner: str, text: str) -> None:
        nonlocal count
        count += 1
        lines.append(f"@{owner}.command({name!r})\ndef c{count}() -> None:\n    {text!r}")

    for command in app.registered_commands:
        add(name_of(command), "app", first_line(command.callback))
    for number, group in enumerate(app.registered_groups):
        lines.append(f"g{number} = typer.Typer(no_args_is_help=True, help='Group.')")
        for command in group.typer_instance.registered_commands:
            add(name_of(command), f"g{number}", first_line(command.callback))
        lines.append(f"app.add_typer(g{number}, name={group.name!r})")
    path.write_text("\n".join([*lines, "app()"]) + "\n", encoding="utf-8")
    return count


def name_of(command: object) -> str:
    return command.name or command.callback.__name__.replace("_", "-")


def first_line(callback: Callable[..., None] | None) -> str:
    return ((callback and callback.__doc__) or "A command.").splitlines()[0]


class Timing(NamedTuple):
    """One process: wall clock and processor seconds. On a busy machine only the second is about us."""

    wall_s: float
    cpu_s: float


def timed(command: list[str]) -> Timing:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if process.poll() or os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(command)}")
    return Timing(wall, usage.ru_utime + usage.ru_stime)


def spread(figures: list[Timing]) -> str:
    low, median, high = np.percentile([figure.wall_s for figure in figures], [0, 50, 95])
    cpu = np.median([figure.cpu_s for figure in figures])
    return f"wall median {median:.3f} s   min {low:.3f}   p95 {high:.3f}   cpu median {cpu:.3f} s   n {len(figures)}"


def read_queries(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    return [row[1] for row in rows[1:]]


def titles(rows: object, n: int = 200) -> list[str]:
    """The first three words of evenly spaced titles."""
    places = np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)
    return [" ".join(rows[int(place)]["title"].split()[:3]) for place in places]


if __name__ == "__main__":
    main()
