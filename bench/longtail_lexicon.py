"""Lexicon entries mined from the log: how many are right, which invented brands are found, and whether they help.

    python -m bench.longtail_lexicon [--seeds 900 901] [--items 30000 --searches 180000] [--keep DIR] [--accept 50]

Each seed is a market (bench/longtail_worlds.py). A proposal is right when the market's own tables say that both
surfaces name one brand, thing, product or colour. The spellings of invented brands that the release does not tie are
what could be found, whether the log asks for them or not. Then the first `--accept` proposals are accepted as they are,
right or wrong, the index is built again, and known-item queries are asked before and after: success@10 is the share
that have a listing of equal truth among the first ten. Intervals: Wilson for shares, paired bootstrap over queries for
gains. All figures are simulated.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from bench.longtail_worlds import World, add_options, world
from numpy.typing import NDArray

from semsearch import wiring
from semsearch.evaluation.intervals import bootstrap_mean, wilson
from semsearch.ingest.catalogue import Catalogue
from semsearch.longtail.lexicon.deciding import decide
from semsearch.longtail.lexicon.proposals import Proposal
from semsearch.longtail.lexicon.reformulations import replaced
from semsearch.longtail.lexicon.surfaces import Reader, joined
from semsearch.retrieval.evaluate import ReleaseRetriever
from semsearch.simulate import Market
from semsearch.simulate.tables import load_tables
from semsearch.text.lexicons import Lexicon
from semsearch.text.views import search
from semsearch.wiring.lexicon import lexicon_of

SEEDS = (900, 901)
FIRST = (10, 25, 50, 100)
KINDS = ("transliteration", "abbreviation", "synonym", "clean", "typo", "spacing", "run_together", "keyboard")
MODES = ("lexical", "hybrid")
PER_KIND = 150
K = 10
Pair = frozenset[str]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, SEEDS)
    parser.add_argument("--accept", type=int, default=50, help="first proposals that are accepted; 0: only precision")
    parser.add_argument("--show", action="store_true", help="print every proposal")
    options = parser.parse_args(arguments)
    print(f"# simulated, ko; {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start", flush=True)
    gains: list[dict[str, NDArray[np.float64]]] = []
    for seed in options.seeds:
        made = world(options, seed, per_kind=PER_KIND)
        print(made.line(), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            own = made.copy(Path(folder) / "workspace")
            proposals = proposed(own, options.show)
            if options.accept:
                gains.append(gained(own, [each.proposal_id for each in proposals[: options.accept]]))
    if gains:
        print("\n".join(told(gains, options.accept)))


# --- precision ---------------------------------------------------------------------------------


def proposed(made: World, show: bool) -> Sequence[Proposal]:
    """Propose as a user would, and print what is right of it."""
    before = invented(made)
    begun = time.perf_counter()
    found = wiring.propose_lexicon(made.workspace).proposals
    seconds = time.perf_counter() - begun
    right = truth(made.made)
    good = [proposal.key in right for proposal in found]
    if show:
        for proposal, fine in zip(found, good, strict=True):
            print(f"  {'right' if fine else 'WRONG'}  {proposal.score:.2f}  {proposal.kind:<16}  {proposal.surfaces}")
    parts = (f"{sum(good[:n])} of the first {len(good[:n])}" for n in FIRST)
    share = wilson(sum(good[:50]), len(good[:50]))
    print(f"  {len(found)} proposals in {seconds:.0f} s; right: {', '.join(parts)}, {sum(good)} of all")
    print(f"  precision of the first 50: {np.mean(good[:50]):.2f} [{share.low:.2f}, {share.high:.2f}]")
    hit = before & {proposal.key for proposal in found}
    listed = ", ".join(" = ".join(sorted(pair)) for pair in sorted(before, key=sorted) if pair not in hit)
    print(
        f"  spellings of invented brands: {len(hit)} of {len(before)} found; not found: {listed or 'none'}", flush=True
    )
    return found


def truth(made: Market) -> set[Pair]:
    """Surfaces (letters and digits) that mean the same by the market's tables: spellings.tsv and what it is made of."""
    tables, reader = load_tables("ko"), Reader(Lexicon())
    right: set[Pair] = set()
    for _, rows in made.spellings.group_by("means", maintain_order=True):
        written = rows["spelling"].unique(maintain_order=True).to_list()
        right |= cliques([written])
        texts = [reader.tokens(search(each)) for each in written]
        # 에팟 프로, 에어팟 프로: what differs between two spellings of one product
        right |= {
            frozenset(map(joined, pair))
            for one in texts
            for other in texts
            if one != other
            for pair in replaced(one, other)
        }
    right |= cliques((noun.name, *noun.synonyms) for leaf in tables.leaves.values() for noun in leaf.nouns)
    right |= cliques(tables.words.items())
    values = (each.spellings(i) for own in tables.profiles.values() for each in own for i in range(len(each.values)))
    return right | cliques(values)


def cliques(groups: Iterable[Iterable[str]]) -> set[Pair]:
    keyed = [sorted({joined(search(surface)) for surface in group} - {""}) for group in groups]
    return {frozenset((one, other)) for keys in keyed for one in keys for other in keys if one < other}


def invented(made: World) -> set[Pair]:
    """Pairs of spellings of one invented brand that the lexicon does not tie: there is something to find."""
    reader = Reader(lexicon_of(made.workspace, Catalogue(made.workspace)))
    rows = made.made.spellings.filter(pl.col("invented") & (pl.col("what") == "brand"))
    groups = (group["spelling"].to_list() for _, group in rows.group_by("means", maintain_order=True))
    native = [[search(spelling) for spelling in group] for group in groups]
    return {
        frozenset((joined(group[0]), joined(other)))
        for group in native
        for other in group[1:]
        if not reader.tied(group[0], other)
    }


# --- what they are worth -------------------------------------------------------------------------


def gained(made: World, ids: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """`mode/kind` → [n, 2]: success of each known-item query before and after accepting."""
    now = made.now
    with made.workspace.writing():
        decide(made.workspace, ids, "accept", by="bench", now=now)
    manifest = wiring.build(made.workspace, now=now)
    releases = (made.workspace.current().release_id, manifest.release_id)
    searchers = [wiring.open_searcher(made.workspace, release=release) for release in releases]
    good = fitting(made.made)
    out: dict[str, NDArray[np.float64]] = {}
    for mode in MODES:
        sides = [ReleaseRetriever(searcher, mode, now, include_ended=False) for searcher in searchers]
        for kind in KINDS:
            queries = made.made.queries.filter(pl.col("kind") == kind).select("query_id", "query").rows()
            hits = [[bool(good[i] & {item for item, _ in side.ranked(q, K)}) for side in sides] for i, q in queries]
            out[f"{mode}/{kind}"] = np.array(hits, np.float64)
    return out


def fitting(made: Market) -> dict[str, set[str]]:
    rows = made.qrels.filter(pl.col("grade") == 2).group_by("query_id").agg("item_id").rows()
    return {query_id: set(items) for query_id, items in rows}


def told(gains: Sequence[dict[str, NDArray[np.float64]]], accepted: int) -> Iterator[str]:
    yield f"\nsuccess@{K} of known items, all seeds, first {accepted} proposals accepted as they are"
    yield f"{'mode':<8}  {'kind':<16}  {'n':>4}  before  after  gain"
    for name in gains[0]:
        rows = np.concatenate([each[name] for each in gains])
        interval = bootstrap_mean(rows[:, 1] - rows[:, 0], seed=0)[0]
        mode, kind = name.split("/")
        before, after = rows.mean(axis=0)
        yield (
            f"{mode:<8}  {kind:<16}  {len(rows):>4}  {before:>6.3f}  {after:>5.3f}  "
            f"{after - before:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
        )


if __name__ == "__main__":
    main()
