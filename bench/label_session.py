"""How long a person waits for the next pair: `label session` in a real terminal with 10,000 pairs loaded.

    python -m bench.label_session [--pairs 10000] [--keys 200]

Makes a workspace with as many items, a batch of all pairs and a model's label of each (its opinion is told after every
answer), opens a session through a pseudo-terminal of 100 x 30 and presses a grade again and again. A wait is from
the key until the whole screen of the next pair has been written: reading the key, the label on the disk (fsync), the
next pair, drawing. The time from the command to the first pair is printed beside it, and the load of the machine. What
a person needs to read and to decide is not in it: no human pace is claimed.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from semsearch.records import Facet, Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.store.labels import LabelFiles
from semsearch.workspace import Workspace

PER_QUERY = 10
BY = "bench"
TARGET_MS = 100.0
BODY = "상태 좋아요. 생활 기스 조금 있고 박스 포함입니다.\n직거래는 역삼역, 택배도 가능해요.\n" * 6
DONE = re.compile(rb"([\d,]+) of [\d,]+ done[^\n]*\x1b\[J")
"""The last line of a screen, whole."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--keys", type=int, default=200)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "w"
        prepare(root, options.pairs)
        print(
            f"# {options.pairs:,} pairs, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start", flush=True
        )
        start_s, waits_s = labelled(root, options.keys)
        kept = sum(1 for _ in LabelFiles(Workspace(root)).read("person"))
    waits = np.array(waits_s) * 1000
    told = {"median": np.median(waits), "p95": np.quantile(waits, 0.95), "longest": waits.max()}
    print(f"first pair after the command   {start_s:8.2f} s")
    for name, value in told.items():
        print(f"next pair after a key, {name:<8}{value:8.1f} ms")
    print(f"labels kept                    {kept:8,}")
    print(f"# target {TARGET_MS:.0f} ms (median): {'met' if told['median'] <= TARGET_MS else 'MISSED'}; ", end="")
    print(f"load {os.getloadavg()[0]:.2f} at the end")


def prepare(root: Path, n_pairs: int) -> None:
    """A workspace with items, a batch and a model's labels."""
    workspace = Workspace.create(root)
    items = root.parent / "items.jsonl"
    pairs = [(f"나이키 운동화 {n // PER_QUERY}", f"i{n}") for n in range(n_pairs)]
    with items.open("w") as file:
        for n, (query, item_id) in enumerate(pairs):
            row = {
                "item_id": item_id,
                "title": f"{query} 에어맥스 {n} 팝니다",
                "body": BODY,
                "price": n,
                "currency": "KRW",
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    table = root.parent / "pairs.csv"
    table.write_text("query,item_id\n" + "".join(f"{query},{item_id}\n" for query, item_id in pairs))
    semsearch("import", "items", items, "-w", root)
    semsearch("label", "sample", "bench", "--pairs", table, "-w", root)
    facets = (Facet("brand", "나이키", True), Facet("item", "운동화", None))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    LabelFiles(workspace).append(
        *(
            Label(query, item_id, "model", "scripted", "facets", 1, 2, RUBRIC, at, facets, batch="bench")
            for query, item_id in pairs
        )
    )


def labelled(root: Path, n_keys: int) -> tuple[float, list[float]]:
    """Seconds to the first pair, and from each key to the next pair."""
    ours, theirs = pty.openpty()
    resize(ours, 100, 30)
    begin = time.perf_counter()
    command = [sys.executable, "-m", "semsearch", "label", "session", "bench", "--by", BY, "-w", str(root)]
    environment = os.environ | {"TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        drawn(ours, 0)
        start_s = time.perf_counter() - begin
        waits = []
        for n in range(1, n_keys + 1):
            time.sleep(0.02)  # nobody answers a pair at once
            pressed = time.perf_counter()
            os.write(ours, b"2")
            drawn(ours, n)
            waits.append(time.perf_counter() - pressed)
        os.write(ours, b"q")
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
        os.close(ours)
    return start_s, waits


def drawn(terminal: int, n_done: int) -> None:
    """Read until a whole screen says that so many pairs are done."""
    content = b""
    while True:
        if not select.select([terminal], [], [], 120)[0]:
            raise TimeoutError(content.decode("utf-8", "replace"))
        content += os.read(terminal, 1 << 16)
        found = DONE.findall(content)
        if found and int(found[-1].replace(b",", b"")) == n_done:
            return


def resize(terminal: int, columns: int, lines: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def semsearch(*arguments: object) -> None:
    subprocess.run(
        [sys.executable, "-m", "semsearch", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
