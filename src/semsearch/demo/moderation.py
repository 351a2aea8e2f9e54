"""The chapter in which somebody floods the market: posts are scanned, alerts raised, a page is made for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from semsearch import wiring
from semsearch.campaigns.evidence import evidence, read_of
from semsearch.campaigns.scan import BATCH
from semsearch.demo.job import Job
from semsearch.files import atomic
from semsearch.records import Post
from semsearch.report.alert import alert_page
from semsearch.report.story import Chapter, Figure, Table
from semsearch.review.showing import Shown, shown
from semsearch.simulate.abuse import AbuseStream, abuse_stream
from semsearch.store.campaigns import CampaignStore
from semsearch.store.database import Store

if TYPE_CHECKING:
    import polars as pl

N_POSTS = 8_000
N_CAMPAIGNS = 6
LISTING = "listing"
HONEST = "honest look-alikes"


def moderation_chapter(job: Job, lang: str, seed: int) -> tuple[Chapter, AbuseStream]:
    """Scan a made stream of listings, and write the page of the largest alert; the chapter and the stream."""
    title = "Somebody floods the market"
    job.begin(title)
    made = abuse_stream(N_POSTS, seed, lang, n_campaigns=N_CAMPAIGNS)
    path = job.workspace.path("made", "posts.parquet")
    made.posts.write_parquet(path)
    posts = [_post(row) for row in made.posts.iter_rows(named=True) if row["namespace"] == LISTING]
    _scan(job, posts)
    with Store.existing(job.workspace.moderation_path, now=job.now) as store:
        raised = CampaignStore(store).alerts(LISTING)
        cases = sorted((shown(store, each.alert_id, job.now) for each in raised), key=lambda each: -len(each.posts))
    truths = [_truth(made.truth, case) for case in cases]
    table = Table(("alert", "severity", "why", "truth", "its first post"), _rows(cases, truths), "Simulated")
    chapter = Chapter(
        title,
        _told(len(posts), truths, _page(job, cases[0]) if cases else None),
        (table,) if cases else (),
        figures=(Figure("campaigns alerted", _caught(truths), f"simulated, {len(posts):,} listings"),),
        commands=(f"semsearch scan posts {path}", "semsearch alerts list", "semsearch alerts show ALERT_ID"),
    )
    return chapter, made


def _scan(job: Job, posts: Sequence[Post]) -> None:
    batches = (posts[start : start + BATCH] for start in range(0, len(posts), BATCH))
    with wiring.open_scan(job.workspace, LISTING, now=job.now) as scan:
        for number, _ in enumerate(scan.run(batches, lambda: job.now), 1):
            job.progress("scanning posts", min(number * BATCH, len(posts)), len(posts))


def _post(row: dict[str, Any]) -> Post:
    names = ("namespace", "post_id", "author_id", "created_at", "text", "category", "seller_type")
    return Post(**{name: row[name] for name in names})


def _truth(truth: pl.DataFrame, case: Shown) -> str:
    """The made campaign that most of an alert's posts are of, if most of them are of campaigns."""
    import polars as pl

    names = truth.filter(pl.col("post_id").is_in([post.post_id for post in case.posts.values()]))["campaign"]
    counts = Counter(name for name in names if name)
    return counts.most_common(1)[0][0] if 2 * counts.total() >= len(case.posts) and counts else HONEST


def _caught(truths: Sequence[str]) -> str:
    return f"{len(set(truths) - {HONEST})} of {N_CAMPAIGNS}"


def _told(n_posts: int, truths: Sequence[str], page: Path | None) -> tuple[str, ...]:
    return (
        f"{n_posts:,} listings are scanned; {N_CAMPAIGNS} campaigns write there or in chats, to slip past filters.",
        f"{len(truths)} alerts are raised: {_caught(truths)} campaigns, {truths.count(HONEST)} on {HONEST}.",
        f"Nothing happens to anybody until a person decides, who reads {page}."
        if page
        else "Nothing is to be decided.",
    )


def _rows(cases: Sequence[Shown], truths: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            case.case.alert.alert_id,
            case.case.alert.severity,
            str(case.case.alert.reasons["text"]),
            truth,
            shorten(case.posts[min(case.posts)].text, 40, placeholder="…"),
        )
        for case, truth in zip(cases, truths, strict=True)
    )


def _page(job: Job, case: Shown) -> Path:
    members = case.case.members
    texts = {each.seq: case.posts[each.seq].text for each in read_of(members) if each.seq in case.posts}
    path = job.workspace.path("alert.html")
    with atomic(path) as draft:
        page = alert_page(case.case, case.raises, case.decisions, evidence(members, texts), job.now)
        draft.write_text(page, encoding="utf-8")
    return path
