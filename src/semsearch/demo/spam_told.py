"""What the spam chapter tells of its work, however far that came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from semsearch.report.story import Chapter, Figure, Table
from semsearch.review.flagged import KIND

if TYPE_CHECKING:
    from semsearch.review.ranking import Ranked
    from semsearch.simulate.abuse import AbuseStream
    from semsearch.spam.steps import Learned
    from semsearch.spam.verdicts.detecting import Judged
    from semsearch.spam.verdicts.leaders import JudgedCampaign
    from semsearch.spam.worth.evaluating import SpamEvaluation

CAMPAIGN, HONEST = "campaign", "honest"
SAID: Mapping[bool | None, str] = {True: "flagged", None: "cannot be told", False: "not flagged"}
"""In the order in which verdicts are shown."""
_FIGURES = ("precision", "recall", "coverage")
_CHARS = 48
"""Of a post in a table."""


class Done:
    """What was done until now, and how it is told."""

    title = "A model says how sellers write"

    def __init__(self, scanned: AbuseStream, made: Path, approver: str) -> None:
        self.scanned = scanned
        self.learned: Learned | None = None
        self.evaluation: SpamEvaluation | None = None
        self.campaigns: list[JudgedCampaign] = []
        self.judged: list[Judged] = []
        self.listed: Sequence[Ranked] = ()
        self._made = made
        self._approver = approver
        self._kinds: dict[str, str] = dict(scanned.truth.select("post_id", "kind").iter_rows())

    def chapter(self, who: str, end: Sequence[str], condition: str) -> Chapter:
        """The chapter: `who` answers, how it ended; `condition` stands beside every table and figure."""
        tables = (self._profile(), self._figures(), self._verdicts(), self._review())
        return Chapter(
            self.title,
            tuple(filter(None, (who, *self._learning(), *self._judging(), *end))),
            tuple(Table(columns, rows, f"{note}; {condition}") for columns, rows, note in tables if rows),
            figures=tuple(self._scores(condition)),
            commands=self._commands(),
        )

    def _learning(self) -> tuple[str, ...]:
        if self.learned is None:
            return ()
        sample = self.learned.sample
        return (
            f"{self.learned.draft.profile.model} reads {sample.ordinary.n_sampled} posts by ordinary people and "
            f"{sample.sellers.n_sampled} by sellers, one of each campaign of a stream whose truth is known. It writes "
            "down how the writing differs, and that text goes with every post to judge.",
            f"A named person reads it first and approves it; here '{self._approver}' does.",
        )

    def _judging(self) -> tuple[str, ...]:
        if not self.judged:
            return ()
        said = Counter(each.is_spam for each in self.judged)
        saved = sum(each.n_saved for each in self.campaigns)
        members = sum(len(each.references) for each in self.campaigns)
        return (
            f"{len(self.campaigns)} clusters are judged by their leaders: {members:,} members refer to them, and "
            f"{saved:,} calls are saved.",
            f"Of all listings {len(self.judged):,} are judged as they come, few of them by sellers: "
            f"{', '.join(f'{said[each]:,} {told}' for each, told in SAID.items())}.",
            "Verdicts rank the list that people read from the top; they decide nothing.",
        )

    def _profile(self) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...], str]:
        columns = ("feature", "professional sellers", "ordinary people")
        if self.learned is None:
            return columns, (), ""
        rows = tuple((each.title, each.sellers, each.ordinary) for each in self.learned.draft.features)
        return columns, rows, f"Profile {self.learned.draft.profile.profile_id}, as it stands in the prompt"

    def _figures(self) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...], str]:
        found = [row for row in self.evaluation.rows if row["by"] == "all"] if self.evaluation else []
        rows = tuple(
            (row["judge"], row["n"], row["n_spam"], *(_figure(row, name) for name in _FIGURES)) for row in found
        )
        note = "Held-out posts against the truth, with 95 % intervals; tf-idf learned from the same posts"
        return ("judge", "posts", "by sellers", "precision", "recall", "answered"), rows, note

    def _verdicts(self) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...], str]:
        kinds = {(each.is_spam, self._truth(each)): each for each in reversed(self.judged)}
        shown = [kinds[key] for said in SAID for truth in (CAMPAIGN, HONEST) if (key := (said, truth)) in kinds]
        rows = tuple(
            (
                SAID[each.is_spam],
                self._truth(each),
                each.reason,
                ", ".join(each.quotes),
                shorten(each.post.text, _CHARS, placeholder="…"),
            )
            for each in shown
        )
        return ("verdict", "truth", "reason", "words", "post"), rows, "The first verdict of each kind"

    def _review(self) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...], str]:
        rows = tuple(
            (
                alert.alert_id,
                "post" if alert.kind == KIND else "campaign",
                alert.severity,
                each.judged.told,
                str(alert.reasons["text"]),
            )
            for each in self.listed
            for alert in (each.case.alert,)
        )
        note = "The first lines of the review list, campaigns and flagged posts in one order"
        return ("case", "what", "severity", "verdicts", "why"), rows, note

    def _scores(self, condition: str) -> Iterator[Figure]:
        if self.campaigns:
            saved = sum(each.n_saved for each in self.campaigns)
            asked = saved + sum(len(each.judged.verdicts) for each in self.campaigns)
            told = f"{len(self.campaigns)} clusters judged by their leaders; {condition}"
            yield Figure("calls saved", f"{saved:,} of {asked:,}", told)

    def _commands(self) -> tuple[str, ...]:
        profile_id = self.learned.draft.profile.profile_id if self.learned else "PROFILE_ID"
        ordinary, sellers = (self._made / f"{side}.parquet" for side in ("ordinary", "sellers"))
        return (
            f"semsearch spam learn --normal {ordinary} --sellers {sellers}",
            f"semsearch spam approve {profile_id} --by NAME",
            "semsearch spam detect --campaigns --dry-run",
            "semsearch alerts list",
        )

    def _truth(self, judged: Judged) -> str:
        return CAMPAIGN if self._kinds[judged.post.post_id] == CAMPAIGN else HONEST


def _figure(row: Mapping[str, Any], name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return "–" if value is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
