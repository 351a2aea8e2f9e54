"""A market or a stream of posts as files: rows that other commands take as they are, the test, and the truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.files import atomic
from semsearch.simulate.assemble import Market

if TYPE_CHECKING:
    import polars as pl

    from semsearch.simulate.abuse import AbuseStream


def check_folder(folder: Path) -> None:
    """Raise UsageError unless `folder` is new or empty, so that nobody's files are mixed with ours."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file.", "Next: name a new directory")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty.", "Next: name a new directory, or empty this one")


def write(market: Market, folder: Path) -> dict[str, int]:
    """Write `market` into `folder` (made if needed) and return the rows of each file.

    Equal markets give equal bytes. Each file appears whole or not at all. Raises UsageError for a folder that
    holds something or cannot be written.
    """
    check_folder(folder)
    writers: dict[str, tuple[pl.DataFrame, Callable[[pl.DataFrame, Path], None]]] = {
        "items.parquet": (market.items, _parquet),
        "interactions.parquet": (market.interactions, _parquet),
        "regions.csv": (market.regions, _regions),
        "queries.tsv": (market.queries, _tsv),
        "qrels.txt": (market.qrels, _qrels),
        "truth.parquet": (market.truth, _parquet),
        "spellings.tsv": (market.spellings, _tsv),
        "intents.parquet": (market.intents, _parquet),
        "log_queries.tsv": (market.log_queries, _tsv),
    }
    return _save(folder, writers, "market.json", about(market))


def write_stream(stream: AbuseStream, folder: Path) -> dict[str, int]:
    """Write a made stream of posts into `folder`, as `write` does with a market, and return the rows of each file."""
    check_folder(folder)
    writers = {"posts.parquet": (stream.posts, _parquet), "posts_truth.parquet": (stream.truth, _parquet)}
    document = {
        "simulated": True,
        "lang": stream.lang,
        "seed": stream.seed,
        "start": stream.start.isoformat(),
        "days": stream.days,
        "n_posts": stream.posts.height,
        "n_campaigns": stream.truth["campaign"].drop_nulls().n_unique(),
    }
    return _save(folder, writers, "stream.json", document)


def _save(
    folder: Path,
    writers: Mapping[str, tuple[pl.DataFrame, Callable[[pl.DataFrame, Path], None]]],
    about_name: str,
    document: Mapping[str, Any],
) -> dict[str, int]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (frame, save) in writers.items():
            with atomic(folder / name) as draft:
                save(frame, draft)
        with atomic(folder / about_name) as draft:
            draft.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.", "Next: name another directory") from error
    return {name: frame.height for name, (frame, _) in writers.items()}


def about(market: Market) -> dict[str, Any]:
    """What the market is, as JSON data."""
    return {
        "simulated": True,
        "lang": market.lang,
        "seed": market.seed,
        "start": market.start.isoformat(),
        "end": market.end.isoformat(),
        "n_items": market.items.height,
        "n_interactions": market.interactions.height,
    }


def _parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd")


def _tsv(frame: pl.DataFrame, path: Path) -> None:
    frame.write_csv(path, separator="\t")


def _regions(frame: pl.DataFrame, path: Path) -> None:
    import polars as pl

    frame.with_columns(pl.col("neighbour_ids").list.join("|")).write_csv(path)


def _qrels(frame: pl.DataFrame, path: Path) -> None:
    import polars as pl

    rows = frame.select("query_id", pl.lit("0"), "item_id", pl.col("grade").cast(pl.Int64))
    rows.write_csv(path, separator=" ", include_header=False)
