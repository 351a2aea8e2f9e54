"""The part of `bench.spam` in which a language model judges: only with a key or an endpoint of one's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from semsearch.llm.asking import Asker
from semsearch.settings import Settings, SpamSettings
from semsearch.spam.drafts.learning import learn
from semsearch.spam.drafts.sampling import Sample, sample
from semsearch.spam.kept import Labelled
from semsearch.spam.verdicts.detecting import detect
from semsearch.spam.worth.evaluating import (
    BASELINE,
    PLAIN,
    PROFILE,
    HeldOut,
    SpamEvaluation,
    by_baseline,
    by_model,
    evaluate,
    held_out,
)
from semsearch.spam.worth.figures import Estimate, Share
from semsearch.wiring.asking import open_asker
from semsearch.wiring.prompts import open_prompts
from semsearch.workspace import Workspace

WAYS = ("OPENAI_API_KEY", "SEMSEARCH_LLM__BASE_URL")


@dataclass(frozen=True)
class Trial:
    """Posts that a sample is drawn from, and posts that are judged."""

    pool: Labelled
    judged: Labelled
    campaigns: dict[str, str] = field(default_factory=dict)

    def of(self, seed: int) -> tuple[Sample, HeldOut]:
        """The sample of a seed, and what is judged: neither in it nor like it."""
        drawn = sample(self.pool.ordinary, self.pool.sellers, SpamSettings(), seed=seed, campaigns=self.campaigns)
        return drawn, held_out(self.judged, drawn.behind.sample, {drawn.namespace: self.campaigns})


Trials = Callable[[int], Iterator[tuple[str, list[Trial]]]]
"""The trials of a seed, by the name of their row."""


def rows(sets: Mapping[str, Trials], seed: int, *, n_posts: int, max_usd: float) -> Iterator[str]:
    """A model with the profile that a model wrote, the same without it, and the baseline, on the same posts."""
    if not any(os.environ.get(name) for name in WAYS):
        yield f"No language model was asked: neither {' nor '.join(WAYS)} is set, so nothing is said of one."
        return
    with TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder))
        settings = Settings.load(workspace.root)
        where = settings.llm.base_url or "OpenAI"
        yield f"large {settings.llm.large}, small {settings.llm.small} at {where}, seed {seed}"
        yield "set | judge | n | spam | precision | recall | F1 | answered | $ so far"
        yield "---|---|---|---|---|---|---|---|---"
        with open_asker(workspace, settings, clock=now, max_usd=max_usd) as asker:
            for trials in sets.values():
                for label, each in trials(seed):
                    found = asked(workspace, settings, asker, *each[0].of(seed), n_posts=n_posts, seed=seed)
                    yield from told(label, found, asker.spent_usd)


def told(label: str, found: SpamEvaluation, spent_usd: float) -> Iterator[str]:
    """A row a judge, then how the first one's F1 differs from each other one's."""
    for row in found.parts[0].figures:
        cells = " | ".join(map(cell, (row.precision, row.recall, row.f1, row.coverage)))
        yield f"{label} | {row.judge} | {row.n} | {row.n_spam} | {cells} | {spent_usd:.2f}"
    for gap in found.parts[0].differences:
        if gap.figure == "f1":
            yield f"{label} | less {gap.rival} | {gap.n} | {gap.n_spam} | | | {cell(gap.difference)} | |"


def asked(
    workspace: Workspace, settings: Settings, asker: Asker, drawn: Sample, left: HeldOut, *, n_posts: int, seed: int
) -> SpamEvaluation:
    """One trial: a profile is written, and judges some posts of each side."""
    prompts = open_prompts(workspace)
    profile = learn(drawn, asker, prompts.get("spam-profile"), name="sellers", now=now()).profile
    with_prompt = partial(
        detect, prompt=prompts.get("spam-verdict"), asker=asker, max_chars=settings.llm.max_chars, clock=now
    )
    judges = {
        PROFILE: by_model(partial(with_prompt, profiles=[profile])),
        PLAIN: by_model(partial(with_prompt, profiles=[], without_profile=True)),
        BASELINE: by_baseline(drawn.behind.sample),
    }
    return evaluate(some(left, n_posts, seed), judges)


def some(left: HeldOut, n_posts: int, seed: int) -> HeldOut:
    """At most `n_posts` of each side, drawn by the seed."""
    order = np.random.default_rng(seed).permutation(len(left.posts)).tolist()
    sides = [[place for place in order if left.truth[place] is side][:n_posts] for side in (False, True)]
    places = sorted(place for side in sides for place in side)
    columns = ((column[place] for place in places) for column in (left.posts, left.truth, left.floods))
    return HeldOut(*(tuple(column) for column in columns), left.n_sampled, left.n_alike)


def cell(figure: Share | Estimate) -> str:
    return "-" if figure.value is None else f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def now() -> datetime:
    return datetime.now(UTC)
