"""The chapters in which a market gets its log: the towers learn from it, and a gate decides about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.demo.job import Job
from semsearch.errors import Refused
from semsearch.ingest.importing import import_rows
from semsearch.report.story import Chapter, Figure, Table
from semsearch.report.training import stage_rows
from semsearch.report.training import told as summary_of

if TYPE_CHECKING:
    from semsearch.simulate import Market
    from semsearch.training.gate.cohorts import Cohort
    from semsearch.training.stages import Stages


def log_chapter(job: Job, made: Market) -> tuple[Chapter, str]:
    """Import the market's log and continue the towers on it; the chapter, and the candidate that it made."""
    title = "People search, and the towers learn from it"
    job.begin(title)
    path = job.workspace.path("made", "interactions.parquet")
    made.interactions.write_parquet(path)
    summary = import_rows(job.workspace, "interactions", [path], now=job.now, progress=job.progress)
    done = wiring.train(job.workspace, job.settings, go_on=True, now=job.now, progress=job.progress)
    read, learned, stages = done.card.metrics["log"], done.card.metrics["behaviour"], done.stages
    if stages is None:
        raise Refused("The made log left no question for the last stage.", "Next: semsearch demo with another --seed")
    chats = read["shares"]["chat"]
    passes = len(learned["curve"]) - 1
    sentences = (
        f"{summary.read:,} rows of a search log. A chat has no query: {chats['n_attributed']:,} of {chats['n']:,} "
        "found the click that they came from.",
        f"{learned['n_pairs']:,} pairs taught the towers in {learned['train_s']:.1f} s. Of {passes} passes number "
        f"{learned['best_epoch']} was kept, by questions that it was not taught.",
        *summary_of(stages),
    )
    figure = Figure(
        "the log's gain", _gain(stages), f"simulated, {stages.n_questions:,} held-out questions", _range(stages)
    )
    table = Table(*_table(stages), "Held-out questions, each put to the items that were alive then; simulated")
    commands = (f"semsearch import interactions {path}", "semsearch train --continue")
    return Chapter(title, sentences, (table,), figures=(figure,), commands=commands), stages.release_id


def gate_chapter(job: Job, candidate: str) -> Chapter:
    """Judge the candidate, and publish it if it passes."""
    title = "A gate decides"
    job.begin(title)
    result = wiring.gate(job.workspace, candidate, job.settings, now=job.now, progress=job.progress)
    if result.passed:
        wiring.publish(job.workspace, candidate, now=job.now)
    then = "It is published now." if result.passed else "It is not published: what was served stays served."
    rows = tuple(_cohort(cohort) for cohort in result.cohorts)
    note = f"{result.settings['metric']}, candidate against current, paired 95 % intervals; simulated"
    table = Table(("cohort", "questions", "current", "candidate", "difference", "finding"), rows, note)
    commands = (f"semsearch release gate {candidate}", f"semsearch release publish {candidate}")
    unsure = "Unknown is not a pass: for a log of this size the intervals are too wide to tell."
    told = (f"The answer is: {result.outcome}. {then}", *([unsure] if result.outcome == "undecided" else []))
    return Chapter(title, told, (table,), commands=commands)


def _cohort(cohort: Cohort) -> tuple[object, ...]:
    if cohort.difference is None or cohort.low is None or cohort.high is None:
        return (cohort.name, cohort.n, "", "", "", cohort.finding)
    change = f"{cohort.difference:+.4f} ({cohort.low:+.4f} to {cohort.high:+.4f})"
    return (
        cohort.name,
        cohort.n,
        f"{cohort.mean_current:.3f}",
        f"{cohort.mean_candidate:.3f}",
        change.replace("-", "−"),
        cohort.finding,
    )


def _table(stages: Stages) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    rows = [{k: f"{v:.3f}" if isinstance(v, float) else v for k, v in row.items()} for row in stage_rows(stages)]
    return tuple(rows[0]), tuple(tuple(row.values()) for row in rows)


def _gain(stages: Stages) -> str:
    return f"{stages.gain[0].metric} {stages.gain[0].difference:+.3f}"


def _range(stages: Stages) -> str:
    return f"{stages.gain[0].low:+.3f} to {stages.gain[0].high:+.3f}".replace("-", "−")
