"""How profiles and what they are worth are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from semsearch.cli.asking import cost_of, tell_cost
from semsearch.cli.output import emit, talk

if TYPE_CHECKING:
    from semsearch.spam.evaluating import SpamEvaluation
    from semsearch.spam.proving import Proof
    from semsearch.spam.steps import Learned, Listed, Looked, Parts

FIGURES = ("precision", "recall", "f1", "false_alarms", "coverage", "found")


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
            "warnings": len(each.profile.warnings),
        }
        for each in listed
    ]
    emit(rows, as_json=as_json, as_jsonl=as_jsonl, rows=rows)


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
    for side, counted in counts.items():
        left = f"{counted.n_alike:,} alike, {counted.n_blank:,} blank, {counted.n_both:,} on both sides left out"
        talk(f"Of {counted.n_given:,} {side} posts {counted.n_sampled:,} were read, {left}.")
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
        show_figures(found.evaluation["rows"])
    else:
        talk("It was not judged on held-out posts with the prompt as it is. Approving does so first, if there are any.")


def show_figures(rows: Iterable[Mapping[str, Any]], title: str = "On held-out posts") -> None:
    """Figures of judges with their intervals, a row a part and judge."""
    shown = [
        {
            "": " ".join(filter(None, (row["part"],))) or "all",
            "judge": row["judge"],
            "n": row["n"],
            "spam": row["n_spam"],
        }
        | {name: _figure(row, name) for name in FIGURES}
        for row in rows
    ]
    emit(shown, rows=shown, title=title)


def _figure(row: Mapping[str, Any], name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return "–" if value is None else f"{value:.2f} [{low:.2f}, {high:.2f}]"


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
            "sellers": f"{row['sellers']:.0%} of {row['n_sellers']}",
            "ordinary": f"{row['ordinary']:.0%} of {row['n_ordinary']}",
            "difference": f"{row['difference']:+.0%} [{row['low']:+.0%}, {row['high']:+.0%}]",
            "separates": "yes" if row["separates"] else "not shown",
        }
        for row in _proof_rows(proof)
    ]
    emit(rows, rows=rows, title="How often each feature shows in held-out posts")


def _tell_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        talk(f"Warning: {warning}")
