"""What `spam detect` came to: records, counts, what a person does next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from semsearch.cli.asking import cost_of, tell_cost
from semsearch.cli.output import emit, talk
from semsearch.errors import MissingService, SemsearchError, UsageError

if TYPE_CHECKING:
    from semsearch.spam.parts import Parts
    from semsearch.spam.verdicts.detecting import Judged
    from semsearch.spam.verdicts.leaders import JudgedCampaign

SHOWN = 20
"""Flagged posts that a person is shown at once."""
_SHOWN_CHARS = 120
_TOLD = ("profile_id", "is_spam", "model", "prompt_hash", "n_in", "n_out", "cost_usd")
"""Of each verdict, in a record."""


class Found:
    """What a run came to; records go out as they come with --jsonl. `file` is where the posts came from, if of one."""

    def __init__(self, parts: Parts, file: str | None, *, as_jsonl: bool) -> None:
        self._parts = parts
        self._file = file
        self._as_jsonl = as_jsonl
        self._rows: list[dict[str, Any]] = []
        self.n = 0
        self._counts = {"flagged": 0, "ordinary": 0, "abstained": 0, "instructed": 0, "cut": 0}
        self._causes: Counter[str] = Counter()
        self._failed = ""
        self._namespaces: set[str] = set()
        self._for_list: list[tuple[str, str]] = []
        self._n_references = self._n_saved = 0

    def take(self, judged: Judged, campaign: JudgedCampaign | None = None) -> None:
        """Count a post, and keep or print its record."""
        self.n += 1
        self._counts[{True: "flagged", False: "ordinary", None: "abstained"}[judged.is_spam]] += 1
        self._counts["instructed"] += judged.instructed
        self._counts["cut"] += judged.cut
        self._namespaces.add(judged.post.namespace)
        if judged.is_spam is None:
            self._causes[judged.cause] += 1
            self._failed = judged.reason if judged.cause == "failed" else self._failed
        if judged.is_spam or judged.instructed:
            self._for_list.append((judged.post.namespace, judged.post.post_id))
        row = _row(judged, self._parts.asker.priced)
        if campaign:
            row |= {"campaign_id": campaign.campaign.campaign_id, "n_references": len(campaign.references)}
            self._n_references += len(campaign.references)
            self._n_saved += campaign.n_saved
        if self._as_jsonl:
            emit(row, as_jsonl=True)
        else:
            self._rows.append(row)

    @contextmanager
    def ending(self, nothing: str, *, as_json: bool) -> Iterator[None]:
        """Show what there is at the end, also when something broke it off; `nothing` is said when there was no post.

        Raises MissingService when every call failed, UsageError when no post had a profile of its namespace.
        """
        try:
            yield
        except (SemsearchError, KeyboardInterrupt):
            if self.n or self._parts.asker.n_calls:
                self._show(as_json=as_json)
            raise
        self._show(as_json=as_json)
        self._check()
        talk(self._next() if self.n else nothing)

    def _show(self, *, as_json: bool) -> None:
        facts: dict[str, Any] = {"judged": self.n, **self._counts}
        if self._n_references:
            facts |= {"references": self._n_references, "calls_saved": self._n_saved}
        if as_json:
            facts |= {"causes": dict(self._causes)} | cost_of(self._parts.asker)
            emit(facts | {"posts": self._rows}, as_json=True)
        elif not self._as_jsonl:
            _show_facts(facts, self._causes)
            _show_table([row for row in self._rows if row["is_spam"]])
        tell_cost(self._parts.asker)

    def _check(self) -> None:
        if self._causes["failed"] == self.n - self._causes["empty"] > 0:
            step = f"Next: semsearch spam detect {self._file or ''}".rstrip()
            raise MissingService(f"All calls failed: {self._failed}", f"{step}, which asks again")
        if self._causes["no profile"] == self.n > 0:
            names = ", ".join(sorted(self._namespaces))
            step = f"Next: semsearch spam learn --namespace {names.split(', ')[0]} --normal FILE --sellers FILE"
            raise UsageError(f"No profile is approved for posts of {names}: nothing was judged.", step)

    def _next(self) -> str:
        """What a person does next, by what is in the list."""
        from semsearch.spam.judging import unscanned

        if self._causes["failed"]:
            talk(f"Calls failed for {self._causes['failed']:,} of {self.n:,} posts: the same command asks them again.")
        if not self._for_list:
            return "Nothing is flagged. Next: semsearch status"
        n_missing = unscanned(self._parts, self._for_list)
        if not n_missing:
            return "Next: semsearch alerts list"
        talk(f"{n_missing:,} of {len(set(self._for_list)):,} posts for the list were not scanned, and are not in it.")
        return f"Next: semsearch scan posts {self._file}, then semsearch alerts list"


def counted(causes: Mapping[str, int]) -> str:
    """Causes of abstentions in words, the most frequent first."""
    return ", ".join(f"{cause} {n:,}" for cause, n in sorted(causes.items(), key=lambda one: (-one[1], one[0])))


def _show_facts(facts: Mapping[str, Any], causes: Mapping[str, int]) -> None:
    told = {"instructed": "instruct their reader", "cut": "judged by their beginning"}
    shown = {told.get(name, name): n for name, n in facts.items() if n or name not in told}
    if causes:
        shown["abstained"] = f"{facts['abstained']:,}: {counted(causes)}"
    emit(shown)


def _show_table(flagged: list[dict[str, Any]]) -> None:
    any_cut = any(row["cut"] for row in flagged[:SHOWN])
    shown = [
        {"post_id": row["post_id"], "author_id": row["author_id"], "profile": ", ".join(row["matched"])}
        | ({"campaign_id": row["campaign_id"], "members": row["n_references"]} if "campaign_id" in row else {})
        | ({"judged by": "its beginning" if row["cut"] else "all"} if any_cut else {})
        | {"reason": shorten(row["reason"], _SHOWN_CHARS, placeholder="…"), "words": " · ".join(row["quotes"])}
        for row in flagged[:SHOWN]
    ]
    more = f"{len(flagged) - SHOWN:,} more: --json or --jsonl shows all." if len(flagged) > SHOWN else ""
    emit(shown, rows=shown, note=more)


def _row(judged: Judged, priced: Callable[[str], bool]) -> dict[str, Any]:
    """One record; what a verdict cost is null where nobody has said what its model costs."""
    post = judged.post
    return {
        "namespace": post.namespace,
        "post_id": post.post_id,
        "revision": post.revision,
        "author_id": post.author_id,
        "is_spam": judged.is_spam,
        "matched": list(judged.matched),
        "reason": judged.reason,
        "quotes": list(judged.quotes),
        "cause": judged.cause or None,
        "instructed": judged.instructed,
        "cut": judged.cut,
        "verdicts": [
            {name: getattr(each, name) for name in _TOLD} | ({} if priced(each.model) else {"cost_usd": None})
            for each in judged.verdicts
        ],
    }
