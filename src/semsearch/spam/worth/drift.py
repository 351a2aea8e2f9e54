"""Whether reviewers still agree with the verdicts: what the LLM flagged and they dismissed, what it missed.

A decided case is one observation however many posts it covers: those of a campaign say the same over and over, and
so do verdicts on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from semsearch.evaluation.intervals import Interval, wilson
from semsearch.records import Verdict
from semsearch.settings import SpamSettings
from semsearch.spam.decided import Ruled
from semsearch.store.verdicts import Text, text_of

LEARN = "Next: semsearch spam learn --from-decisions"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What reviewers made of the cases of which one profile said something."""

    n_flagged: int = 0
    """Decided cases of which it flagged a post."""
    n_rejected: int = 0
    """Of these the dismissed ones."""
    n_confirmed: int = 0
    """Confirmed cases of which it said yes or no."""
    n_missed: int = 0
    """Of these the ones of which it called every post ordinary."""
    n_missed_posts: int = 0
    """Posts of confirmed cases that it called ordinary, whatever it said of the others."""
    n_abstained: int = 0
    """Decided cases of which it only abstained; they are in no share."""

    @property
    def rejected(self) -> Interval:
        """Wilson's 95 % interval of the share of flagged cases that reviewers dismissed."""
        return wilson(self.n_rejected, self.n_flagged)

    @property
    def missed(self) -> Interval:
        """Wilson's 95 % interval of the share of confirmed cases that it missed."""
        return wilson(self.n_missed, self.n_confirmed)


@dataclass(frozen=True, slots=True)
class Watched:
    """One profile."""

    profile_id: str
    """Empty: verdicts without a profile."""
    whole: Agreement
    months: Mapping[str, Agreement] = field(default_factory=dict)
    """By the month (2026-03, UTC) of a case's first post that it judged, oldest first; they add up to the whole."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What the watch found."""

    profiles: tuple[Watched, ...]
    """All that said something of a decided case, by id."""
    drifted: tuple[str, ...]
    """Ids of the active ones of which reviewers reject more than the bound."""
    told: tuple[str, ...]
    """A sentence for each of the active ones."""
    next_step: str
    """What to do about it; empty when nothing drifted."""


def watch(
    cases: Iterable[Ruled],
    verdicts: Mapping[Text, Sequence[Verdict]],
    active: Mapping[str, str],
    settings: SpamSettings,
) -> Drift:
    """Hold decided cases against the verdicts on their posts.

    `verdicts` are those of the texts of the cases' posts, as `store.verdicts.Verdicts.of` gives them; of several by
    one profile on one text the last that says yes or no counts. `active` is id to name of the profiles that are judged:
    one has drifted when it flagged at least `settings.drift_decided` decided cases and the lower end of the share that
    reviewers dismissed is above `settings.drift`.
    """
    counted: dict[str, dict[str, Agreement]] = defaultdict(dict)
    for case in cases:
        for profile_id, said in _said(case, verdicts).items():
            months = counted[profile_id]
            month = min(each.posted_at for each in said).astimezone(UTC).strftime("%Y-%m")
            months[month] = _added(months.get(month, Agreement()), _of_case(case, said))
    found = {name: _watched(name, months) for name, months in sorted(counted.items())}
    own = {name: found.get(name, Watched(name, Agreement())) for name in active}
    drifted = tuple(name for name, each in own.items() if _drifted(each.whole, settings))
    told = tuple(_told(active[name], each.whole, settings) for name, each in own.items())
    return Drift(tuple(found.values()), drifted, told, LEARN if drifted else "")


def _said(case: Ruled, verdicts: Mapping[Text, Sequence[Verdict]]) -> dict[str, list[Verdict]]:
    """By profile what it said of each text of a case that it was asked about: its last word, or an abstention."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for text in dict.fromkeys(map(text_of, case.posts)):
        last: dict[str, Verdict] = {}
        for verdict in verdicts.get(text, ()):
            if verdict.is_spam is not None or verdict.profile_id not in last:
                last[verdict.profile_id] = verdict
        for profile_id, verdict in last.items():
            found[profile_id].append(verdict)
    return found


def _of_case(case: Ruled, said: Sequence[Verdict]) -> Agreement:
    """One case as a count."""
    flagged = any(each.is_spam for each in said)
    n_ordinary = sum(each.is_spam is False for each in said)
    told = flagged or n_ordinary > 0
    return Agreement(
        n_flagged=int(flagged),
        n_rejected=int(flagged and not case.confirmed),
        n_confirmed=int(case.confirmed and told),
        n_missed=int(case.confirmed and told and not flagged),
        n_missed_posts=n_ordinary if case.confirmed else 0,
        n_abstained=int(not told),
    )


def _added(a: Agreement, b: Agreement) -> Agreement:
    return Agreement(
        a.n_flagged + b.n_flagged,
        a.n_rejected + b.n_rejected,
        a.n_confirmed + b.n_confirmed,
        a.n_missed + b.n_missed,
        a.n_missed_posts + b.n_missed_posts,
        a.n_abstained + b.n_abstained,
    )


def _watched(profile_id: str, months: Mapping[str, Agreement]) -> Watched:
    whole = Agreement()
    for each in months.values():
        whole = _added(whole, each)
    return Watched(profile_id, whole, dict(sorted(months.items())))


def _drifted(whole: Agreement, settings: SpamSettings) -> bool:
    return whole.n_flagged >= settings.drift_decided and whole.rejected.low > settings.drift


def _told(name: str, whole: Agreement, settings: SpamSettings) -> str:
    if whole.n_flagged < settings.drift_decided:
        return (
            f"Profile '{name}': {whole.n_flagged} flagged cases are decided; it takes {settings.drift_decided} to tell."
        )
    ends = whole.rejected
    said = (
        f"Profile '{name}': reviewers dismissed {whole.n_rejected} of {whole.n_flagged} decided cases that it flagged "
        f"({whole.n_rejected / whole.n_flagged:.0%}, {ends.low:.0%} to {ends.high:.0%})"
    )
    bound = f"{settings.drift:.0%}"
    if _drifted(whole, settings):
        return f"{said}: above {bound}, it has drifted."
    return f"{said}: not surely above {bound}." if ends.high > settings.drift else f"{said}: below {bound}."
