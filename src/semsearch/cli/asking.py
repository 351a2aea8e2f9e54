"""What commands that ask language models share: a cap, a price before anything is sent, what it came to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.output import counted, emit, talk
from semsearch.errors import SemsearchError

if TYPE_CHECKING:
    from semsearch.llm.answers import Estimate
    from semsearch.llm.asking import Asker
    from semsearch.progress import Progress
    from semsearch.settings import Settings
    from semsearch.workspace import Workspace

MaxUsdOption = Annotated[
    float | None, typer.Option("--max-usd", min=0.0, help="Stop before this much is spent, in US dollars; 0: no cap.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost at most; send nothing.")]


def capped(workspace: Workspace, max_usd: float | None) -> Settings:
    """The settings of a workspace with the cap of this command line."""
    from semsearch.wiring import load_settings

    return load_settings(workspace).override("llm", max_usd=max_usd)


def show_price(estimate: Estimate, *, as_json: bool = False, as_jsonl: bool = False) -> None:
    """What a batch would cost."""
    facts = {
        "questions": estimate.n,
        "answered before": estimate.n_cached,
        "calls": estimate.n_calls,
        "at most, without retries": money(estimate.worst_usd),
    }
    emit(estimate if as_json or as_jsonl else facts, as_json=as_json, as_jsonl=as_jsonl)
    cap = f", with --max-usd {math.ceil(100 * estimate.worst_usd) / 100:.2f} to be sure" if estimate.worst_usd else ""
    talk(f"Nothing was sent. Next: the same command without --dry-run{cap}")


def going(progress: Progress, asker: Asker, what: str, done: int, total: int = 0) -> None:
    """How far a command is, and the live cost beside its cap."""
    progress(what, done, total)
    if asker.spent_usd:
        progress("US cents spent", round(100 * asker.spent_usd), round(100 * (asker.cap_usd or 0)))


def cost_of(asker: Asker) -> dict[str, Any]:
    """Calls and money so far, for a document; null where the price of a call is not known."""
    spent = round(asker.spent_usd, 9) if asker.cost_known else None
    return {"n_calls": asker.n_calls, "n_cached": asker.n_cached, "spent_usd": spent}


def tell_cost(asker: Asker) -> None:
    """Calls and money so far, for a person."""
    spent = money(asker.spent_usd) if asker.cost_known else "unknown, a model has no price in [llm.prices]"
    known = counted(asker.n_cached, "answer")
    talk(f"{counted(asker.n_calls, 'call')}, {known} known before; spent {spent}.")


@contextmanager
def telling_cost(asker: Asker) -> Iterator[None]:
    """Say what was paid when something breaks the work off."""
    try:
        yield
    except (SemsearchError, KeyboardInterrupt):
        if asker.n_calls:
            tell_cost(asker)
        raise


def money(usd: float) -> str:
    """US dollars to read: `$1.25`, `$0.0042`."""
    return f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"
