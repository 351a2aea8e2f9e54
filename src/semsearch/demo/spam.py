"""The chapter in which a model says how sellers write: a profile is written and approved, posts are judged with it.

The judge is scripted (see `simulate.judge`) unless an endpoint is named: then a model answers, within a cap.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.demo.job import Job
from semsearch.demo.models import Models
from semsearch.demo.spam_told import CAMPAIGN, Done
from semsearch.errors import SemsearchError
from semsearch.records import Post
from semsearch.report.story import Chapter
from semsearch.review.cases import Cases
from semsearch.review.ranking import review_list
from semsearch.simulate.abuse import abuse_stream
from semsearch.spam import judging
from semsearch.spam import steps as spam

if TYPE_CHECKING:
    import polars as pl

    from semsearch.simulate.abuse import AbuseStream
    from semsearch.spam.parts import Parts

LISTING = "listing"
NAME = "sellers"
"""Of the profile."""
APPROVER = "the demo"
N_KNOWN, N_SELLERS = 12_000, 138
"""Posts and campaigns of the stream that the profile is learned from: 100 campaigns to read, some held out. Campaigns
have 20 to 400 posts: of 150 seeds none needed more than 9,700."""
N_ORDINARY = 130
EVERY = 20
"""Of so many scanned posts one is judged, if it is a listing."""
LISTED = 8
"""Lines of the review list."""


def spam_chapter(job: Job, scanned: AbuseStream) -> Chapter:
    """Learn a profile, approve it, judge the leaders of the scanned campaigns and a part of the posts.

    A real endpoint that fails, or that reaches the cap, ends the chapter and not the demo.
    """
    done = Done(scanned, job.workspace.path("made"), APPROVER)
    job.begin(done.title)
    models = Models.of(job.settings, os.environ)
    cost, stopped = "", ""
    with wiring.open_spam(job.workspace, models.settings, clock=lambda: job.now, transport=models.transport) as parts:
        try:
            _work(job, parts, done)
        except SemsearchError as error:
            if models.transport:
                raise
            stopped = f"It ended early: {error.message}"
        if models.transport is None:
            cost = f"It cost ${parts.asker.spent_usd:.3f}."
    return done.chapter(models.told, [stopped, cost], models.condition)


def _work(job: Job, parts: Parts, done: Done) -> None:
    given = spam.of_files(parts, *_known(job, done.scanned))
    sample = spam.drawn(parts, given, seed=done.scanned.seed)
    job.progress("writing the profile", 0, 0)
    done.learned = spam.learn(parts, sample, name=NAME)
    profile_id = done.learned.draft.profile.profile_id
    done.evaluation = spam.evaluate_draft(parts, done.learned.draft.profile, job.progress)
    spam.approve(parts, profile_id, by=APPROVER, reason="to show what comes after")
    profiles = judging.active_profiles(parts, LISTING)
    done.campaigns.extend(judging.detect_campaigns(parts, judging.campaign_leaders(parts, LISTING), profiles))
    posts = _posts(done.scanned.posts.gather_every(EVERY).filter(namespace=LISTING))
    for judged in judging.detect(parts, posts, profiles):
        done.judged.append(judged)
        job.progress("judging posts", len(done.judged), len(posts))
    cases = Cases(parts.store, job.now)
    done.listed = review_list(cases, namespace=LISTING, status="open", most=LISTED).lines


def _known(job: Job, scanned: AbuseStream) -> tuple[list[Post], list[Post]]:
    """Posts of another stream, kept in files as a user has them: some honest ones, and the first of each campaign."""
    import polars as pl

    made = abuse_stream(N_KNOWN, scanned.seed + 1, scanned.lang, n_campaigns=N_SELLERS)
    names = pl.format("known-{}", pl.col("post_id")).alias("post_id")  # each stream counts from one
    listings = made.posts.with_columns(made.truth["campaign"], made.truth["kind"]).filter(namespace=LISTING)
    sides = {
        "ordinary": listings.filter(kind="benign").head(N_ORDINARY),
        "sellers": listings.filter(kind=CAMPAIGN).unique("campaign", keep="first", maintain_order=True),
    }
    for name, rows in sides.items():
        sides[name] = rows.drop("campaign", "kind").with_columns(names)
        sides[name].write_parquet(job.workspace.path("made", f"{name}.parquet"))
    return _posts(sides["ordinary"]), _posts(sides["sellers"])


def _posts(frame: pl.DataFrame) -> list[Post]:
    names = ("namespace", "post_id", "author_id", "created_at", "text", "category", "seller_type")
    return [Post(**row) for row in frame.select(names).iter_rows(named=True)]
