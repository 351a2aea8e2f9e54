"""How profiles and what they are worth are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from semsearch.cli.asking import cost_of, tell_cost
from semsearch.cli.output import emit, talk

if TYPE_CHECKING:
    from semsearch.spam.drafts.proving import Proof
    from semsearch.spam.parts import Parts
    from semsearch.spam.steps import Learned, Listed, Looked
    from semsearch.spam.worth.evaluating import SpamEvaluation

FIGURES = {"precision": "precision", "recall": "recall", "f1": "F1", "false_alarms": "false alarms"}
OF_SILENCE = {"coverage": "coverage", "found": "found"}
"""Told where a judge abstained: else the one is 1 and the other is recall."""
_NONE = "–"


def show_list(listed: Sequence[Listed], *, as_json: bool, as_jsonl: bool) -> None:
    """All profiles, the newest first."""
    rows = [
        {
            "profile_id": each.profile.profile_id,
            "name": each.profile.name,
            "namespace": each.profile.namespace,
            "active": each.by is not None,
            "approved_by": each.by,
            "made_at": each.profile.made_at,
            "model": each.profile.model or "a person",
            "warnings": each.profile.warnings if as_json or as_jsonl else len(each.profile.warnings),
        }
        for each in listed
    ]
    emit(rows, as_json=as_json, as_jsonl=as_jsonl, rows=rows)
    if not rows:
        talk("No profile was written yet.")


def show_learned(
    parts: Parts, learned: Learned, evaluation: SpamEvaluation | None, proof: Proof | None, *, as_json: bool
) -> None:
    """A draft, fresh from the model."""
    profile, sample = learned.draft.profile, learned.sample
    counts = {"ordinary": sample.ordinary, "sellers": sample.sellers}
    if as_json:
        features = [each.model_dump() for each in learned.draft.features]
        document: dict[str, Any] = {"profile": profile, "features": features, "posts": counts}
        document["held_out"] = evaluation.rows if evaluation else None
        document["proof"] = _proof_rows(proof) if proof else None
        emit(document | cost_of(parts.asker), as_json=True)
        return
    emit([], rows=[], note=profile.text)
    for side, counted in zip(("ordinary people", "professional sellers"), counts.values(), strict=True):
        left = f"{counted.n_alike:,} alike, {counted.n_blank:,} blank, {counted.n_both:,} on both sides left out"
        talk(f"Of {counted.n_given:,} posts by {side} {counted.n_sampled:,} were read, {left}.")
    _tell_warnings(profile.warnings)
    if proof:
        _show_proof(proof)
    if evaluation:
        show_figures(evaluation.rows)
    tell_cost(parts.asker)


def looked(found: Looked) -> dict[str, Any]:
    """A profile and what a person wants to see of it, as a document."""
    return {
        "profile": found.profile,
        "current": found.current.profile_id if found.current else None,
        "diff": list(found.changes),
        "held_out": found.evaluation["rows"] if found.evaluation else None,
        "judge": found.evaluation["judge"] if found.evaluation else None,
    }


def show_looked(found: Looked) -> None:
    """The same for a person."""
    profile, current = found.profile, found.current
    if current is None:
        emit([], rows=[], note=profile.text)
        talk(f"No profile '{profile.name}' is active in {profile.namespace}.")
    elif current.profile_id == profile.profile_id:
        emit([], rows=[], note=profile.text)
    else:
        emit([], rows=[], note="\n".join(found.changes) or profile.text)
    _tell_warnings(profile.warnings)
    if found.evaluation:
        show_figures(found.evaluation["rows"], f"On held-out posts, judged by {found.evaluation['judge']['model']}")
    else:
        talk("It was not judged on held-out posts with prompt and model as they are. Approving does so first.")


def after(looked: Looked) -> str:
    """The next step for a profile: one that reads like instructions is edited first."""
    from semsearch.spam.drafts.steering import steering

    profile_id = looked.profile.profile_id
    if looked.current and looked.current.profile_id == profile_id:
        return "It is the active one of its name. Next: semsearch spam detect"
    edited = " --text FILE" if steering(looked.profile.text) else ""
    return f"Next: semsearch spam approve {profile_id}{edited} --by NAME"


def show_figures(rows: Iterable[Mapping[str, Any]], title: str = "On held-out posts") -> None:
    """Figures of judges with their intervals: a table a part, a line a figure, a column a judge."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    for part, own in parts.items():
        silent = any(row["coverage"] != 1 for row in own)
        told = FIGURES | (OF_SILENCE if silent else {})
        shown = [{"": words} | {row["judge"]: _figure(row, name) for row in own} for name, words in told.items()]
        size = f"{own[0]['n']:,} posts, {own[0]['n_spam']:,} by sellers"
        note = "" if silent else "Every judge answered all posts."
        emit(shown, rows=shown, title=f"{title}, {part or 'all'}: {size}", note=note)


def within(value: float | None, low: float | None, high: float | None, form: str = ".2f") -> str:
    """A figure and the ends of its interval; – for what is not defined."""
    told = [_NONE if each is None or math.isnan(each) else format(each, form) for each in (value, low, high)]
    return _NONE if told[0] == _NONE else f"{told[0]} [{told[1]}, {told[2]}]"


def _figure(row: Mapping[str, Any], name: str) -> str:
    return within(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _proof_rows(proof: Proof) -> list[dict[str, Any]]:
    return [
        {
            "feature": each.feature.title,
            "sellers": each.sellers.share,
            "ordinary": each.ordinary.share,
            "difference": each.difference,
            "low": each.interval.low,
            "high": each.interval.high,
            "n_sellers": each.sellers.n_told,
            "n_ordinary": each.ordinary.n_told,
            "n_abstained": each.sellers.n_abstained + each.ordinary.n_abstained,
            "separates": each.separates,
        }
        for each in proof.features
    ]


def _show_proof(proof: Proof) -> None:
    rows = [
        {
            "feature": row["feature"],
            "sellers": _share(row, "sellers"),
            "ordinary": _share(row, "ordinary"),
            "difference": within(row["difference"], row["low"], row["high"], "+.0%"),
            "separates": "yes" if row["separates"] else "not shown",
        }
        for row in _proof_rows(proof)
    ]
    emit(rows, rows=rows, title="How often each feature shows in held-out posts")


def _share(row: Mapping[str, Any], side: str) -> str:
    n = row[f"n_{side}"]
    return f"{row[side]:.0%} of {n}" if n else _NONE


def _tell_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        talk(f"Warning: {warning}")
