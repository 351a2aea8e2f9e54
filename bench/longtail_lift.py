"""What one pass of extra training on their clicks gives the queries that fail, and what it costs the others.

    python -m bench.longtail lift [--seeds 31 32 33 34 35 --keep FOLDER --bound 0.3]

Each world is a simulated Korean market whose base was trained until three passes brought no gain. The queries above
the bound are routed by the log before its held-out part, and their clicks, cleaned, are learned in one pass with
replay. Beside it stands a control: as many queries, drawn at random among all that could have been routed (scanned,
with clicks of enough actors), each with about as many pairs as one of the routed, so that queries, pairs and steps are
the same; same cleaning, same replay. Both candidates are built and asked what was searched later: recall@100 of the
dense leg, against what people engaged with then (what a product measures), and against what they truly meant (grade 2,
alive when it was asked; also for searches that ended in no click). Relative figures are of the base's mean. Intervals
are t-intervals over the seeds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from bench.longtail_worlds import World, add_options, world

from semsearch import wiring
from semsearch.evaluation.demand import BANDS
from semsearch.evaluation.intervals import student
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.evaluation.questions import Questions
from semsearch.longtail.demand import demand
from semsearch.longtail.kept import TaughtRecord, keep_taught
from semsearch.longtail.teaching.clicks import clicked
from semsearch.longtail.teaching.extra import Extra, extra, teach
from semsearch.longtail.teaching.lift import RECALL, ROUTED, ROUTED_TAIL, SERVED, Fate, Lift, lift
from semsearch.longtail.teaching.propensity import Propensities, propensities
from semsearch.longtail.teaching.routing import route
from semsearch.settings import LongtailSettings
from semsearch.text.views import search
from semsearch.training.gate.held_out import from_log
from semsearch.training.log.evidence import Evidence

if TYPE_CHECKING:
    from semsearch.longtail.kept import Scan
    from semsearch.settings import Settings

TAUGHT, CONTROL = "routed", "control"
ENGAGED, TRUE = "engaged later", "truth"
GROUPS = (ROUTED_TAIL, ROUTED, *BANDS, "not routed", "all")
METRICS = (RECALL, SERVED)


@dataclass(frozen=True, eq=False)
class Ground:
    """One world before its held-out part, and the questions after it."""

    place: World
    """A copy that is written into."""
    settings: Settings
    scan: Scan
    evidence: Evidence
    looks: Propensities

    @classmethod
    def of(cls, place: World, bound: float) -> Ground:
        settings = place.settings.override("longtail", bound=bound)
        scan = wiring.longtail_scan(place.workspace, settings, now=place.now)
        evidence = Evidence.of(place.log, place.made.items, "query", "chats", settings.log)
        return cls(place, settings, scan, evidence, propensities(place.log, before=place.before))

    @cached_property
    def demand(self) -> pl.DataFrame:
        """key, n_searches, band of all queries before the held-out part, scanned or not."""
        engagements = self.evidence.attribution.engagements
        return demand(self.place.log, engagements, self.settings.log, before=self.place.before).queries

    def _pairs(self, keys: list[str], min_actors: int) -> pl.DataFrame:
        settings = self.settings.override("longtail", min_actors=min_actors)
        return clicked(self.evidence, self.place.made.items, keys, self.looks, settings, before=self.place.before).pairs

    def like(self, routed: Sequence[str]) -> list[str]:
        """As many queries, drawn at random: for each routed one that has something to teach a scanned one whose number
        of pairs is the nearest; among equals chance decides."""
        keys, items = self.scan.queries["key"].to_list(), self.place.made.items
        pairs = clicked(self.evidence, items, keys, self.looks, self.settings, before=self.place.before).pairs
        each = pairs.group_by("key").len("n").sort("key").sample(fraction=1.0, shuffle=True, seed=self.place.seed)
        keys, sizes = each["key"].to_list(), each["n"].to_numpy().astype(np.int64)
        mine, left = dict(zip(keys, sizes.tolist(), strict=True)), np.ones(len(keys), np.bool_)
        drawn = []
        for wanted in sorted((mine[key] for key in routed if key in mine), reverse=True):
            nearest = int(np.argmin(np.where(left, np.abs(sizes - wanted), np.iinfo(np.int64).max)))
            left[nearest] = False
            drawn.append(keys[nearest])
        return sorted(drawn)

    def questions(self, routed: Sequence[str]) -> dict[str, Questions]:
        """What was asked later, with what was engaged then; routed and head also with all that was truly meant."""
        place = self.place
        held = from_log(place.log, place.made.items, self.settings.log, models={"base": place.before})
        head = self.demand.filter(pl.col("band") == "head")["key"]
        return {ENGAGED: held.questions, TRUE: self._true({*routed, *head})}

    def _true(self, keys: Collection[str]) -> Questions:
        made = self.place.made
        start = self.place.before + timedelta(microseconds=1)
        later = made.interactions.filter((pl.col("kind") == "search") & (pl.col("ts") >= start))
        log = made.log_queries.with_columns(pl.Series("key", [search(q) for q in made.log_queries["query"]]))
        names = log.sort("n_searches", "query_id", descending=[True, False]).unique("key", keep="first")
        asked = later.join(log.select("query", "key"), on="query").group_by("key").agg(pl.col("ts").max())
        rows = (
            asked.join(names.select("key", "query_id", "intent_id"), on="key")
            .filter(pl.col("key").is_in(list(keys)))
            .sort("key")
        )
        meant = made.judgements(rows).filter(pl.col("grade") == 2)
        lists = dict(meant.group_by("query_id").agg(pl.col("item_id").sort()).iter_rows())
        known = [row for row in rows.iter_rows(named=True) if row["query_id"] in lists]
        ids = {query_id_of(row["key"]): row for row in known}
        return Questions(
            Queries({q: row["key"] for q, row in ids.items()}),
            Qrels({q: dict.fromkeys(lists[row["query_id"]], 2.0) for q, row in ids.items()}),
            {q: row["ts"] for q, row in ids.items()},
            {q: frozenset() for q in ids},
        )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, (31, 32, 33, 34, 35))
    parser.add_argument(
        "--bound", type=float, default=LongtailSettings().bound, help="chance of failure from which a query is routed"
    )
    parser.add_argument("--out", type=Path, help="all figures as JSON")
    options = parser.parse_args(argv)
    results = [measured(world(options, seed), options.bound) for seed in options.seeds]
    table(results)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1), encoding="utf-8")


def measured(place: World, bound: float) -> dict[str, Any]:
    """Both arms of one world."""
    print(place.line(), flush=True)
    folder = Path(mkdtemp(prefix="lift-"))
    try:
        ground = Ground.of(place.copy(folder / "workspace"), bound)
        routed = route(ground.scan.queries, bound)
        questions = ground.questions(routed)
        out: dict[str, Any] = {"seed": place.seed, "n_scanned": ground.scan.queries.height, "n_routed": len(routed)}
        print(f"  {len(routed):,} of {ground.scan.queries.height:,} scanned queries are routed", flush=True)
        for name, keys in ((TAUGHT, routed), (CONTROL, ground.like(routed))):
            out[name] = arm(ground, name, keys, routed, questions, folder / name)
    finally:
        shutil.rmtree(folder)
    return out


def arm(
    ground: Ground, name: str, keys: Sequence[str], routed: Sequence[str], questions: dict[str, Questions], folder: Path
) -> dict[str, Any]:
    """Teach `keys`, build the candidate, ask both; figures of the `routed`, whatever was taught."""
    here, settings = ground.place, ground.settings
    workspace, items = here.workspace, here.made.items
    parent = wiring.training.parent_of(workspace, "default", wiring.pipeline_schema(workspace))
    lesson = extra(ground.evidence, items, keys, settings, before=here.before, parent=parent)
    begun = time.perf_counter()
    card = teach(lesson, items, parent, settings, folder, told={}, now=here.now, progress=lambda *_: None).card
    spent = time.perf_counter() - begun
    shutil.copytree(folder, workspace.model_path(card.model_id))
    manifest = wiring.build(workspace, settings, model_id=card.model_id, now=here.now)
    candidate = wiring.open_searcher(workspace, settings, release=manifest.release_id)
    record = TaughtRecord(manifest.release_id, here.searcher.release.manifest.release_id, "", tuple(routed), "")
    with workspace.writing():
        keep_taught(workspace, record)
    verdict = wiring.gate(workspace, manifest.release_id, settings, target="routed=yes", now=here.now)
    fate = Fate(published=False, outcome=verdict.outcome, told=verdict.told, gate_id=verdict.gate_id)
    told = {
        what: lift(here.searcher, candidate, asked, ground.demand, routed, fate=fate, source={}, now=here.now)
        for what, asked in questions.items()
    }
    print(f"  {name}: {described(lesson, card.metrics['behaviour'], spent)}; gate {fate.outcome}: {fate.told}")
    for what, found in told.items():
        print(f"    {what:14}{said(found)}", flush=True)
    return {what: figures(found) for what, found in told.items()} | {"gate": fate.outcome}


def described(lesson: Extra, learned: dict[str, Any], spent: float) -> str:
    counts = lesson.clicked.counts
    return (
        f"{lesson.n_routed:,} queries, {counts.n_taught:,} taught, {counts.n_pairs:,} pairs, "
        f"{lesson.n_replayed:,} replayed, {learned['n_steps']} steps, {spent:.0f} s"
    )


def said(found: Lift) -> str:
    return "  ".join(
        f"{group} (n {change.n}) {change.before:.3f} → {change.after:.3f} ({change.relative[0]:+.2%})"
        for group in (ROUTED_TAIL, ROUTED, "head")
        for change in [found.change(group)]
    )


def figures(found: Lift) -> dict[str, dict[str, float]]:
    return {
        f"{change.group}, {change.metric}": {
            "n": change.n, "before": change.before, "after": change.after, "relative": change.relative[0],
        }
        for change in found.changes
    }  # fmt: skip


def table(results: Sequence[dict[str, Any]]) -> None:
    """Relative changes over the seeds, and routed minus control."""
    print(f"\nRelative change by one pass, simulated, {len(results)} seeds; 95 % t-intervals over seeds")
    for what in (ENGAGED, TRUE):
        print(f"\n{what}\n{'':28}{'n':>7}{'before':>8}{'after':>8}   {'routed':32}{'control':32}routed − control")
        for group in GROUPS if what == ENGAGED else GROUPS[:3]:
            for metric in METRICS:
                cell = f"{group}, {metric}"
                both = {
                    name: np.array([result[name][what][cell]["relative"] for result in results])
                    for name in (TAUGHT, CONTROL)
                }
                first = [result[TAUGHT][what][cell] for result in results]
                n, before, after = (float(np.mean([row[part] for row in first])) for part in ("n", "before", "after"))
                ends = [shown(values) for values in (*both.values(), both[TAUGHT] - both[CONTROL])]
                print(f"{cell:28}{n:7.0f}{before:8.3f}{after:8.3f}   {ends[0]:32}{ends[1]:32}{ends[2]}")
    for name in (TAUGHT, CONTROL):
        told = [result[name]["gate"] for result in results]
        print(f"gate of the {name}: " + ", ".join(f"{told.count(each)} {each}" for each in sorted(set(told))))


def shown(values: np.ndarray) -> str:
    interval = student(values)
    return f"{values.mean():+.2%} [{interval.low:+.2%}, {interval.high:+.2%}]"


if __name__ == "__main__":
    main()
