"""Professional sellers told by their writing: what can be measured without a language model, and with one beside it.

    python -m bench.spam [--seeds 0 1 2 3 4] [--only sms telegram youtube simulated leaders]

Baseline: TF-IDF of characters and logistic regression, learned from the 100 + 100 posts that `spam learn` would draw,
judged on all other posts but those alike to the sample, as `spam evaluate` does. The public sets hold spam of their
kind (SMS, groups, comments), not professional sellers. sms: the rest of the set. telegram: drawn from its `train`
split, judged on the spam of `test` and the rest of the ham. youtube: drawn from four videos, judged on the fifth; the
time of a comment is not used, as it tells the label. simulated: campaign posts against honest ones, campaigns of the
sample left out; then campaigns of families that the sample has never seen. A row is the mean over seeds (for youtube
over seeds of the mean over videos) with its t-interval; n is posts judged at a time.

Leaders: campaigns found without an encoder on a simulated stream; how many questions their leaders save.

A language model is asked when OPENAI_API_KEY or SEMSEARCH_LLM__BASE_URL is set: it writes a profile from the sample of
the first seed, and judges `--posts` of the posts of each side with it and without, beside the baseline on the same ones
(`bench/spam_llm.py`). Without either nothing is said of it.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import numpy as np
from bench import spam_llm
from bench.campaign_stream import BATCH, posts_of
from bench.longtail_scores import over_seeds
from bench.spam_llm import Trial, Trials

from semsearch.campaigns.detector import Detector
from semsearch.campaigns.joining.prepare import prepare
from semsearch.records import Post, Rulings
from semsearch.settings import CampaignSettings
from semsearch.simulate.abuse import abuse_stream
from semsearch.spam.kept import Labelled
from semsearch.spam.verdicts.leaders import leaders
from semsearch.spam.worth.evaluating import BASELINE, by_baseline, evaluate
from semsearch.spam.worth.figures import Figures
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.store.journal import Journal, Stored

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "spam"
START = datetime(2026, 1, 1, tzinfo=UTC)
POSTS, CAMPAIGNS, HONEST = 24_000, 140, 3_000
"""Of a simulated stream: posts, campaigns, and honest posts that are judged."""
STREAM = 50_000
"""Posts of a stream whose campaigns are led; as many campaigns as it has by default."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--only", nargs="+", choices=(*SETS, "leaders"), default=[*SETS, "leaders"])
    parser.add_argument("--posts", type=int, default=200, help="of each side and set, that a language model judges")
    parser.add_argument("--max-usd", type=float, default=2.0, help="what asking a language model may cost")
    given = parser.parse_args(arguments)
    print(f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start; seeds {given.seeds}", flush=True)
    print("set | n | spam | precision | recall | F1 | false alarms | s a seed\n---|---|---|---|---|---|---|---")
    for name, trials in SETS.items():
        if name in given.only:
            print_rows(trials, given.seeds)
    if "leaders" in given.only:
        print_leaders(given.seeds)
    sets = {name: SETS[name] for name in given.only if name in SETS}
    print("\n" + "\n".join(spam_llm.rows(sets, given.seeds[0], n_posts=given.posts, max_usd=given.max_usd)))
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


# --- data --------------------------------------------------------------------------------------


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labelled(rows: Iterable[dict[str, str]]) -> Labelled:
    """Posts of a table with `text, is_spam`; one without an author has one of its own, times are made."""
    sides: dict[str, list[Post]] = {"0": [], "1": []}
    for row in rows:
        own = row["number"]
        at = START + timedelta(minutes=int(own))
        sides[row["is_spam"]].append(Post("listing", own, row.get("author_id", own), at, row["text"]))
    return Labelled(tuple(sides["0"]), tuple(sides["1"]))


def numbered(name: str) -> list[dict[str, str]]:
    return [row | {"number": str(number)} for number, row in enumerate(rows_of(name))]


def sms(_: int) -> Iterator[tuple[str, list[Trial]]]:
    whole = labelled(numbered("sms"))
    yield "sms", [Trial(whole, whole)]


def telegram(_: int) -> Iterator[tuple[str, list[Trial]]]:
    rows = numbered("telegram_messages")
    judged = [row for row in rows if row["split"] == "test" or row["is_spam"] == "0"]
    yield "telegram", [Trial(labelled(row for row in rows if row["split"] == "train"), labelled(judged))]


def youtube(_: int) -> Iterator[tuple[str, list[Trial]]]:
    rows = numbered("youtube_comments")
    videos = sorted({row["video"] for row in rows})

    def without(video: str) -> Trial:
        others = [row for row in rows if row["video"] != video]
        return Trial(labelled(others), labelled(row for row in rows if row["video"] == video))

    yield "youtube", [without(video) for video in videos]


def simulated(seed: int) -> Iterator[tuple[str, list[Trial]]]:
    for lang in ("ko", "en"):
        seen, campaigns = listings(lang, seed, unseen=False)
        yield f"simulated {lang}", [Trial(seen, seen, campaigns)]
        unseen, others = listings(lang, seed + 1_000, unseen=True)
        yield f"simulated {lang}, unseen families", [Trial(seen, unseen, campaigns | others)]


def listings(lang: str, seed: int, *, unseen: bool) -> tuple[Labelled, dict[str, str]]:
    """Listings of a stream: all campaign posts, some honest ones; and the campaigns."""
    made = abuse_stream(POSTS, seed, lang, n_campaigns=CAMPAIGNS, held_out=unseen)
    tag = "u" if unseen else "s"
    ordinary, sellers, campaigns = list[Post](), list[Post](), dict[str, str]()
    known = zip(made.posts.iter_rows(named=True), made.truth["campaign"], strict=True)
    for row, campaign in known:
        if row["namespace"] != "listing":
            continue
        post = Post("listing", f"{tag}{row['post_id']}", f"{tag}{row['author_id']}", row["created_at"], row["text"])
        (sellers if campaign else ordinary).append(post)
        if campaign:
            campaigns[post.post_id] = f"{tag}{campaign}"
    chosen = np.random.default_rng(seed).permutation(len(ordinary))[:HONEST]
    return Labelled(tuple(ordinary[i] for i in sorted(chosen.tolist())), tuple(sellers)), campaigns


SETS: dict[str, Trials] = {
    "sms": sms,
    "telegram": telegram,
    "youtube": youtube,
    "simulated": simulated,
}

# --- the baseline ------------------------------------------------------------------------------


def judged(trial: Trial, seed: int) -> Figures:
    """The baseline of one seed."""
    drawn, left = trial.of(seed)
    return evaluate(left, {BASELINE: by_baseline(drawn.behind.sample)}).parts[0].figures[0]


def print_rows(trials: Trials, seeds: Sequence[int]) -> None:
    found: dict[str, list[list[Figures]]] = {}
    begun = time.perf_counter()
    for seed in seeds:
        for label, each in trials(seed):
            found.setdefault(label, []).append([judged(trial, seed) for trial in each])
    seconds = (time.perf_counter() - begun) / len(seeds)
    for label, by_seed in found.items():
        cells = [over_seeds([mean_of(each, figure) for each in by_seed]) for figure in FIGURES]
        n, n_spam = (fmean(getattr(f, what) for each in by_seed for f in each) for what in ("n", "n_spam"))
        print(" | ".join([label, f"{n:,.0f}", f"{n_spam:,.0f}", *cells, f"{seconds:.0f}"]), flush=True)


FIGURES = ("precision", "recall", "f1", "false_alarms")


def mean_of(found: Sequence[Figures], figure: str) -> float:
    """Over the trials of one seed."""
    values = [getattr(each, figure).value for each in found]
    return fmean(value for value in values if value is not None)


# --- leaders -----------------------------------------------------------------------------------


def print_leaders(seeds: Sequence[int]) -> None:
    """Questions about the posts of campaigns, one by one and by their leaders; a text is asked once anyway."""
    print("\nsimulated stream | questions | campaigns | questions about them | saved there | saved of all")
    print("---|---|---|---|---|---")
    for lang in ("ko", "en"):
        made = [counted(lang, seed) for seed in seeds]
        for part in ("all", "with an alert"):
            n_campaigns, n_about = (fmean(each[part][place] for each in made) for place in range(2))
            there = over_seeds([1 - each[part][0] / each[part][1] for each in made])
            of_all = over_seeds([(each[part][1] - each[part][0]) / each["questions"][0] for each in made])
            n = fmean(each["questions"][0] for each in made)
            print(f"{lang}, {part} | {n:,.0f} | {n_campaigns:,.0f} | {n_about:,.0f} | {there} | {of_all}", flush=True)


def counted(lang: str, seed: int) -> dict[str, list[int]]:
    """Different texts of a stream; campaigns and different texts in them, of all and of those with an alert."""
    stored = posts_of(abuse_stream(STREAM, seed, lang).posts)
    found = {"questions": [len({(each.post.namespace, each.post.text) for each in stored})]}
    found |= {"all": [0, 0], "with an alert": [0, 0]}
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "moderation.sqlite", now=START) as store:
        campaigns, journal = CampaignStore(store), Journal(store)
        for start in range(0, len(stored), BATCH):
            journal.append([each.post for each in stored[start : start + BATCH]])
        for namespace in ("listing", "chat"):
            found_in(campaigns, namespace, [each for each in stored if each.post.namespace == namespace])
            raised = {each.campaign_id for each in campaigns.alerts(namespace)}
            for led in leaders(campaigns, journal, namespace, Rulings()):
                for part in ("all", "with an alert") if led.campaign_id in raised else ("all",):
                    found[part][0] += 1
                    found[part][1] += led.n_texts
    return found


def found_in(campaigns: CampaignStore, namespace: str, own: Sequence[Stored]) -> None:
    """The campaigns of the default policy, without an encoder, into the store."""
    policy = CampaignSettings()
    detector: Detector | None = None
    for start in range(0, len(own), BATCH):
        batch = own[start : start + BATCH]
        read = prepare([each.post.text for each in batch], policy, None)
        detector = detector or Detector(namespace, policy, read.vectors.shape[1])
        found = detector.take(batch, read)
        campaigns.commit(Step(namespace, batch[-1].seq, members=found.members, alerts=found.alerts))


if __name__ == "__main__":
    main()
