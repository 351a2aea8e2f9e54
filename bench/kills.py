"""kill -9 at random moments of import, train, build and publish; the last release must go on serving.

    python -m bench.kills [--kills 120] [--seed 0]

Each round starts one command on the same workspace, kills its process group after a random part of the time that it
takes, and checks: what is current is a whole, published release (every file hashed again), it answers as it did when it
was published, the catalogue is one of those that were imported, and nothing is locked.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from semsearch import wiring
from semsearch.index.release import verify_release
from semsearch.ingest.catalogue import Catalogue
from semsearch.simulate import market
from semsearch.workspace import Workspace

N_ITEMS = 400
QUERIES = ("아이폰", "나이키 운동화", "dkdlvhs", "의자 급처")


@dataclass
class Rounds:
    """What happened in all rounds."""

    killed: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Market:
    """One workspace that is written to and killed, again and again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.end = market(1, seed=0).end
        self.files = [root.parent / f"items-{seed}.parquet" for seed in (1, 2)]
        for seed, file in enumerate(self.files, 1):
            market(N_ITEMS, seed=seed).items.write_parquet(file)
        self.answers: dict[str, list[list[str]]] = {}
        self.digests: set[str] = set()

    def commands(self, n: int) -> dict[str, list[str]]:
        """The commands of round n; each has something to write in every round."""
        candidates = [m.release_id for m in Workspace(self.root).releases()]
        forced = ["--force", "--reason", "to be killed", "--by", "bench"]  # a model trained meanwhile has no gate
        return {
            "import": ["import", "items", str(self.files[n % 2])],
            "train": ["train", "--seed", str(n), "--seconds", "0.5", "--dim", "32"],
            "build": ["index", "build"],
            "build --publish": ["index", "build", "--publish"],
            "publish": ["release", "publish", candidates[n % len(candidates)], *forced] if candidates else ["status"],
        }

    def renew(self, n: int) -> None:
        """Import items of round n, so that a build has work to do."""
        file = self.root.parent / "fresh.parquet"
        market(N_ITEMS, seed=1000 + n).items.write_parquet(file)
        self.run(["import", "items", str(file)])
        self.digests.add(Catalogue(Workspace(self.root)).items_digest)

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "semsearch", *command, "-w", str(self.root)]
        return subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, env=os.environ
        )

    def run(self, command: list[str]) -> float:
        start = time.perf_counter()
        process = self.start(command)
        _, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{command}: {errors.decode()}")
        return time.perf_counter() - start

    def serving(self) -> list[list[str]]:
        searcher = wiring.open_searcher(Workspace.open(self.root))
        return [[hit.item_id for hit in searcher.search(query, now=self.end).hits] for query in QUERIES]

    def check(self) -> str:
        """What is wrong now; '' when all is well."""
        workspace = Workspace.open(self.root)
        manifest = workspace.current()
        if damages := verify_release(manifest, workspace.release_path(manifest.release_id)):
            return f"{manifest.release_id}: {damages}"
        answers = self.serving()
        if self.answers.setdefault(manifest.release_id, answers) != answers:
            return f"{manifest.release_id} answers otherwise than before"
        if Catalogue(workspace).items_digest not in self.digests:
            return "the catalogue is none of those that were imported"
        Catalogue(workspace).items()
        with workspace.writing():
            return ""


def prepare(root: Path) -> tuple[Market, dict[str, float]]:
    """A serving workspace, and the seconds that each command takes when nobody kills it."""
    made = Market(root)
    made.run(["init"])
    took: dict[str, float] = {}
    for file in (*made.files, made.files[0]):
        took["import"] = made.run(["import", "items", str(file)])
        made.digests.add(Catalogue(Workspace(root)).items_digest)
    took["train"] = made.run(made.commands(0)["train"])
    took["build --publish"] = made.run(made.commands(0)["build --publish"])
    took["build"] = took["build --publish"]
    took["publish"] = made.run(made.commands(0)["publish"])
    return made, took


def kill_rounds(made: Market, took: dict[str, float], n_kills: int, seed: int) -> Rounds:
    """Start and kill until `n_kills` commands died; commands that ended before their kill are counted apart."""
    chance = random.Random(seed)
    rounds = Rounds()
    n = 0
    while sum(rounds.killed.values()) < n_kills and n < 4 * n_kills:
        n += 1
        name = chance.choice(list(took))
        if name.startswith("build"):
            made.renew(n)
        process = made.start(made.commands(n)[name])
        try:
            process.wait(timeout=chance.uniform(0, took[name]))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        (rounds.killed if process.returncode == -signal.SIGKILL else rounds.finished)[name] += 1
        if problem := made.check():
            rounds.failures.append(f"round {n}, {name}: {problem}")
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made, took = prepare(Path(folder) / "market")
        print("seconds unkilled: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items()))
        rounds = kill_rounds(made, took, options.kills, options.seed)
        print(f"killed {sum(rounds.killed.values())}: {dict(rounds.killed)}")
        print(f"ended before the kill: {dict(rounds.finished)}")
        print(f"releases that served: {len(made.answers)}; failures: {len(rounds.failures)}")
        print("\n".join(rounds.failures))
    sys.exit(1 if rounds.failures else 0)


if __name__ == "__main__":
    main()
