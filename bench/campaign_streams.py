"""Simulated posts for the campaign benches, made once and kept in a folder; and the towers that compare them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from semsearch.ingest.importing import import_rows
from semsearch.records import Post
from semsearch.simulate.assemble import market
from semsearch.simulate.files import write
from semsearch.wiring import train
from semsearch.workspace import Workspace

CHUNK = 100_000
CATALOGUE_SEED = 900
"""Of the market whose catalogue the towers learn from: no stream is judged on it."""
SHARE = 720
"""Campaigns in 100,000 posts that make 40 % of them."""


def towers(keep: Path) -> Path:
    """The folder of static towers trained by `semsearch train` on a simulated catalogue of 20,000 items."""
    folder = keep / "towers"
    if not (folder / "semsearch.json").is_file():
        now = datetime.now(UTC)
        write(market(20_000, CATALOGUE_SEED, "ko", n_searches=1_000), keep / "market")
        workspace = Workspace.create(keep / "workspace")
        import_rows(workspace, "items", [keep / "market" / "items.parquet"], now=now)
        shutil.copytree(workspace.model_path(train(workspace, now=now).card.model_id), folder)
    return folder


def stream_files(keep: Path, n_posts: int, seed: int, *options: str) -> Path:
    """The folder of one simulated stream (posts.parquet, posts_truth.parquet), made in a process of its own."""
    folder = keep / "-".join(("stream", str(n_posts), str(seed), *(each.strip("-") for each in options)))
    if not (folder / "posts_truth.parquet").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        made = [sys.executable, "-m", "bench.campaign_streams", str(folder), str(n_posts), str(seed), *options]
        subprocess.run(made, check=True)
    return folder


def day(keep: Path, number: int, *options: str) -> list[Post]:
    """One day of 100,000 posts, the `number`th of a long stream: its own seed, ids and date."""
    frame = pl.read_parquet(stream_files(keep, CHUNK, 1_000 + number, *options) / "posts.parquet")
    return [
        Post(
            namespace="listing",
            post_id=f"{number}-{row['post_id']}",
            author_id=f"{number}-{row['author_id']}",
            created_at=row["created_at"] + timedelta(days=number),
            text=row["text"],
            recipient_id=row["recipient_id"],
            category=row["category"],
            seller_type=row["seller_type"],
        )
        for row in frame.iter_rows(named=True)
    ]


def batches(posts: list[Post], size: int = 1_000) -> Iterator[list[Post]]:
    return (posts[start : start + size] for start in range(0, len(posts), size))


def _make(folder: Path, n_posts: int, seed: int, options: list[str]) -> None:
    from semsearch.simulate.abuse import abuse_stream

    made = abuse_stream(
        n_posts,
        seed,
        held_out="--held-out" in options,
        n_campaigns=SHARE * n_posts // CHUNK if "--forty" in options else None,
    )
    made.posts.write_parquet(folder / "posts.parquet")
    made.truth.write_parquet(folder / "posts_truth.parquet")


if __name__ == "__main__":
    _make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
