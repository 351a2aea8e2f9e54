"""What the grading commands share: pools and files to pairs, pairs to labels that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.ingest.catalogue import Catalogue
from semsearch.llm.answers import Estimate
from semsearch.llm.messages import key_of
from semsearch.records import Label
from semsearch.relevance.asking.details import places_of
from semsearch.relevance.asking.examples import Examples, of_guideline, of_labels
from semsearch.relevance.asking.judging import Judging, blank, questions
from semsearch.relevance.asking.variants import Variant
from semsearch.relevance.choice import choice
from semsearch.relevance.grading import Graded, grade_pairs, only_new
from semsearch.relevance.pools import lookup_of
from semsearch.relevance.rubric import RUBRIC
from semsearch.relevance.scores import Market
from semsearch.relevance.splits import part_of
from semsearch.relevance.truths import truths_of
from semsearch.store.labels import Key
from semsearch.store.labels.files import LabelFiles
from semsearch.store.labels.pools import Lookup, Pair, keep_pool

if TYPE_CHECKING:
    from semsearch.llm.asking import Asker
    from semsearch.llm.prompts import Prompts
    from semsearch.settings import Settings
    from semsearch.store.database import Store
    from semsearch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Parts:
    """What every step works with."""

    workspace: Workspace
    settings: Settings
    store: Store
    prompts: Prompts
    asker: Asker
    files: LabelFiles
    clock: Callable[[], datetime]

    @property
    def lookup(self) -> Lookup:
        """Imported items as they are now."""
        return lookup_of(self.workspace)


def judging(parts: Parts, variant: Variant | None = None, prompt_id: str = "") -> Judging:
    """How pairs are put to the model: as `grade tune` chose, unless a variant or another prompt is named.

    Examples are those of the guideline, and what people settled in the tuning part of the labels, which are read when
    the first example is asked for.
    """
    chosen = choice(parts.workspace) if variant is None and not prompt_id else None
    how = Variant.named(chosen.variant) if chosen else variant or Variant()
    prompt = parts.prompts.get(chosen.prompt if chosen else prompt_id or how.prompt_id)
    shown = Examples(of_guideline(), of_labels(_settled(parts.files)))
    return Judging(prompt, shown, parts.settings.relevance.examples, how, places_of(Catalogue(parts.workspace)))


def model_of(parts: Parts, how: Judging) -> str:
    """The model that is asked so."""
    return parts.settings.llm.large if how.prompt.role == "large" else parts.settings.llm.small


def outdated(parts: Parts, how: Judging) -> str:
    """What is other now than when `grade tune` chose to ask so, in words; empty when nothing is or was."""
    chosen = choice(parts.workspace)
    if chosen is None:
        return ""
    then = {"model": chosen.model, "prompt": chosen.prompt_hash}
    now = {"model": model_of(parts, how), "prompt": how.prompt_hash}
    return "; ".join(f"{name} {then[name]} then, {now[name]} now" for name in then if then[name] != now[name])


def market_of(parts: Parts) -> Market:
    """Where ways of asking are tried and probed."""
    return Market(parts.asker, parts.clock)


def keys_of(parts: Parts, how: Judging, pairs: Iterable[Pair]) -> dict[Key, str]:
    """What is asked about each pair, digested; nothing is asked about a blank one."""
    model, llm = model_of(parts, how), parts.settings.llm
    return {pair.key: key_of(how.question(pair), model, llm) for pair in pairs if not blank(pair)}


def price(parts: Parts, pairs: Sequence[Pair], how: Judging) -> Estimate:
    """What grading these pairs would cost at most."""
    return parts.asker.price(questions(pairs, how))


def grade(parts: Parts, pairs: Sequence[Pair], how: Judging, batch: str) -> Iterator[Graded]:
    """Grade pairs, and keep labels that say something new in the model's file, which is held all the while.

    That they were asked is written down first (`keep_pool`). Errors as for that, `grading.grade_pairs` and
    `LabelFiles.writing`.
    """
    with parts.files.writing("model", model_of(parts, how), batch) as writer:
        keep_pool(parts.workspace, batch, pairs)
        others = (path for path in parts.files.paths("model", batch) if path != writer.path)
        before = [*writer.before, *(placed.label for path in others for placed in parts.files.lines(path))]
        keep = only_new(lambda labels: writer.append(*labels), before)
        yield from grade_pairs(pairs, how, parts.asker, batch=batch, clock=parts.clock, keep=keep)


def kept(parts: Parts, batch: str | None = None) -> list[Label]:
    """All labels, of people and machines, in the order of their files."""
    return list(parts.files.read(batch=batch))


def _settled(files: LabelFiles) -> Iterator[Label]:
    """Labels that a model may be shown: what counts of the tuning part, by the rubric as it is now."""
    said = (label for label in files.read("person") if part_of(label.query) == "tuning")
    for each in truths_of(said).pairs:
        yield from (label for label in each.labels if label.rubric == RUBRIC)
