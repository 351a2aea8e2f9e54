"""How long a search takes: as one command, in process by mode, and what `--help` costs (targets 4 and 5).

    python -m bench.latency [--keep DIR] [--runs 20] [--items 100000] [--seconds 10]

Prepares its workspaces first, which takes some minutes: chorus (19,406 real products), and a simulated Korean market of
which two releases are made, one with the Korean extra and one with kiwipiepy hidden. Training is short, because how
long a search takes does not depend on it. `--keep` leaves the workspaces in a folder and takes those that are there.

Runs alternate, after one unmeasured run of each (warm file cache): one-shot searches between the workspaces, `--help`
with a bare Typer app of as many commands, in process between the modes. Product data: Icecat (Open Content License),
through querqy/chorus.
"""

from __future__ import annotations

import argparse
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
from bench.known_item import korean_extra

from semsearch import wiring
from semsearch.index.items import ItemRows
from semsearch.ingest.importing import import_rows
from semsearch.simulate import market
from semsearch.simulate.files import write
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

PROGRAM = Path(sys.executable).parent / "semsearch"
MODES = ("hybrid", "dense", "lexical")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "chorus"
WITHOUT = "without-extra"
"""The pipeline that serves the release built without the Korean extra."""


class Case(NamedTuple):
    """One release that is searched."""

    name: str
    workspace: Workspace
    pipeline: str

    @property
    def rows(self) -> ItemRows:
        return ItemRows(self.workspace.release_path(self.workspace.current(self.pipeline).release_id))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, help="leave the workspaces here; those that are there are taken")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--items", type=int, default=100_000, help="size of the Korean market")
    parser.add_argument("--seconds", type=float, default=10.0, help="training time of each model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        cases = [chorus(root / "chorus", options), *korean(root / f"korean-{options.items}", options)]
        conditions()
        help_ratio(options.runs)
        one_shot(cases, options.runs)
        for case in cases:
            in_process(case, options.runs)
    print(f"\nload average {os.getloadavg()[0]:.2f} at the end")


# --- what is searched -----------------------------------------------------------------------


def chorus(root: Path, options: argparse.Namespace) -> Case:
    """The judged catalogue."""
    workspace, now = opened(root), datetime.now(UTC)
    if workspace.state().current is None:
        import_rows(workspace, "items", [options.data / "items.jsonl.gz"], now=now)
        model_id = trained(workspace, options.seconds, now)
        publish(workspace, model_id, DEFAULT_PIPELINE, now)
    return Case("chorus", workspace, DEFAULT_PIPELINE)


def korean(root: Path, options: argparse.Namespace) -> list[Case]:
    """One simulated catalogue and model, two releases: with Kiwi's morphemes and without."""
    workspace = opened(root)
    if workspace.state(WITHOUT).current is None:
        made = market(options.items, 1, "ko", n_searches=0, per_kind=1)
        with tempfile.TemporaryDirectory() as folder:
            write(made, Path(folder) / "market")
            import_rows(workspace, "items", [Path(folder) / "market" / "items.parquet"], now=made.end)
        model_id = trained(workspace, options.seconds, made.end)
        for pipeline, there in ((DEFAULT_PIPELINE, True), (WITHOUT, False)):
            with korean_extra(there):
                publish(workspace, model_id, pipeline, made.end)
    ids = {workspace.current(pipeline).lexical_id for pipeline in (DEFAULT_PIPELINE, WITHOUT)}
    if len(ids) < 2:
        raise SystemExit("Both Korean releases are the same: install semsearch[korean].")
    names = {DEFAULT_PIPELINE: "simulated ko, extra", WITHOUT: "simulated ko, no extra"}
    return [Case(name, workspace, pipeline) for pipeline, name in names.items()]


def opened(root: Path) -> Workspace:
    root.parent.mkdir(parents=True, exist_ok=True)
    return Workspace.create(root)


def trained(workspace: Workspace, seconds: float, now: datetime) -> str:
    start = time.perf_counter()
    settings = wiring.load_settings(workspace).override("train", seconds=seconds)
    card = wiring.train(workspace, settings, now=now).card
    print(f"# {workspace.root.name}: trained in {time.perf_counter() - start:.0f} s", flush=True)
    return card.model_id


def publish(workspace: Workspace, model_id: str, pipeline: str, now: datetime) -> None:
    start = time.perf_counter()
    manifest = wiring.build(workspace, pipeline=pipeline, model_id=model_id, now=now)
    wiring.publish(workspace, manifest.release_id, pipeline, now=now)
    print(f"# {workspace.root.name}, {pipeline}: built in {time.perf_counter() - start:.0f} s", flush=True)


def titles(rows: ItemRows, n: int) -> list[str]:
    """The first three words of evenly spaced titles."""
    places = np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)
    return [" ".join(rows[int(place)]["title"].split()[:3]) for place in places]


# --- what is measured -----------------------------------------------------------------------


def conditions() -> None:
    import semsearch

    load = ", ".join(f"{figure:.2f}" for figure in os.getloadavg())
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(f"\nsemsearch {semsearch.__version__}, Python {platform.python_version()}, NumPy {np.__version__}")
    print(f"{os.cpu_count()} cores, load average {load}, OMP_NUM_THREADS {threads}")


def one_shot(cases: list[Case], runs: int) -> None:
    """The command line as a person calls it, one process a search, another query each time."""
    asked = {case.name: titles(case.rows, runs + 1) for case in cases}
    labels = {case.name: f"{case.name:<23}{len(case.rows):>8,} items" for case in cases}
    times: dict[str, list[Timing]] = {}
    for run in range(runs + 1):
        for case in cases:
            query = asked[case.name][run % len(asked[case.name])]
            plain = [str(PROGRAM), "search", query, "-w", str(case.workspace.root), "--pipeline", case.pipeline]
            for name, more in (("search", []), ("search --where", ["--where", "price > 0"])):
                figure = timed([*plain, *more])
                if run:
                    times.setdefault(f"{labels[case.name]}   {name:<15}", []).append(figure)
    print("\nOne shot (target: wall median 1.0 s or less)")
    for name, figures in times.items():
        print(f"  {name} {spread(figures)}")


def in_process(case: Case, rounds: int) -> None:
    """p50 and p95 over 200 queries, each asked a few times."""
    searcher = wiring.open_searcher(case.workspace, pipeline=case.pipeline)
    manifest, now = searcher.release.manifest, datetime.now(UTC)
    asked = titles(searcher.release.rows, 200)
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
    target = "   (target: hybrid p50 3 ms or less)" if case.name == "chorus" else ""
    print(f"\nIn process: {case.name}, {manifest.n_items:,} items, {manifest.dense_kind}, {len(asked)} queries{target}")
    for mode in MODES:
        p50, p95 = np.percentile(times[mode], [50, 95])
        print(f"  {mode:<8} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms   n {len(times[mode])}")


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
        print(f"  ratio of the {kind} medians {ours / theirs:.2f}   (target: 1.3 or less)")


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


if __name__ == "__main__":
    main()
