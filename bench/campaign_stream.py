"""Target 2: campaigns alerted before their 20th post, false alerts a day and pairs, on simulated streams.

`python -m bench.campaigns stream --seeds 5 6 7 8 9 --keep FOLDER` runs the default policy over streams of 500,000
posts in memory, one detector a namespace, and pools them; `--held-out` takes streams whose campaigns are all of
families that no tuning saw. Seeds from 900 on are for tuning; 0 to 2 were looked at with an earlier `shingles_wary`.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from bench.campaign_scoring import Raised, Score, pooled, score, slices, told
from bench.campaign_streams import stream_files, towers

from semsearch.campaigns.detector import Detector
from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.joining.prepare import prepare
from semsearch.records import Post
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored
from semsearch.store.times import to_us
from semsearch.towers.static import StaticEncoder
from semsearch.towers.words import WordEncoder

BATCH = 1_000


def posts_of(frame: pl.DataFrame) -> list[Stored]:
    return [
        Stored(
            seq,
            Post(
                namespace=row["namespace"],
                post_id=row["post_id"],
                author_id=row["author_id"],
                created_at=row["created_at"],
                text=row["text"],
                revision=0,
                recipient_id=row["recipient_id"],
                category=row["category"],
                seller_type=row["seller_type"],
            ),
        )
        for seq, row in enumerate(frame.iter_rows(named=True), 1)
    ]


def prepared(folder: Path, posts: list[Stored], encode: WordEncoder, policy: CampaignSettings) -> Iterator[Prepared]:
    """What the nets read of each batch, kept beside the stream for the next run with the same code."""
    path = folder / f"prepared-{posts[0].post.namespace}.pickle"
    if path.is_file():
        yield from pickle.loads(path.read_bytes())
        return
    made = []
    for start in range(0, len(posts), BATCH):
        made.append(prepare([each.post.text for each in posts[start : start + BATCH]], policy, encode))
        yield made[-1]
    path.write_bytes(pickle.dumps(made))


def detected(folder: Path, model: Path, policy: CampaignSettings) -> Score:
    """One stream through the detector of each of its namespaces."""
    encoder = StaticEncoder.open(model)
    posts = posts_of(pl.read_parquet(folder / "posts.parquet"))
    truth = pl.read_parquet(folder / "posts_truth.parquet")
    clusters: dict[str, str] = {}
    alerts: list[Raised] = []
    for namespace in sorted({each.post.namespace for each in posts}):
        own = [each for each in posts if each.post.namespace == namespace]
        detector = Detector(namespace, policy.of(namespace), encoder.dim)
        for number, batch in enumerate(prepared(folder, own, WordEncoder(encoder), policy)):
            found = detector.take(own[number * BATCH : (number + 1) * BATCH], batch)
            clusters |= {member.post_id: member.campaign_id for member in found.members}
            alerts += [Raised(each.campaign_id, each.at_us, each.kind) for each in found.alerts]
    at_us = [to_us(each.post.created_at) for each in posts]
    return score(truth, at_us, [clusters.get(each.post.post_id) for each in posts], alerts)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.campaigns stream", description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path("bench-campaigns"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6, 7, 8, 9])
    parser.add_argument("--posts", type=int, default=500_000)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--set", nargs="*", default=[], help="other settings, such as shingles=0.5")
    given = parser.parse_args(arguments)
    changed = {key: float(value) for key, _, value in (each.partition("=") for each in given.set)}
    policy = CampaignSettings(**changed)
    model = towers(given.keep)
    scores = []
    for seed in given.seeds:
        start = time.perf_counter()
        folder = stream_files(given.keep, given.posts, seed, *(["--held-out"] if given.held_out else []))
        scores.append(detected(folder, model, policy))
        print(told(f"seed {seed} ({time.perf_counter() - start:.0f} s)", scores[-1]), flush=True)
    whole = pooled(scores)
    print(told("pooled" + (", held-out families" if given.held_out else ""), whole))
    print("\n".join(slices(whole)))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
