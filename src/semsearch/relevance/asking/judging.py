"""How pairs are put to a model: the prompt, what of it is switched on, and the examples that go with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from semsearch.llm.answers import Question
from semsearch.llm.prompts import Prompt
from semsearch.relevance.asking.details import Places, details
from semsearch.relevance.asking.examples import Examples
from semsearch.relevance.asking.variants import Variant
from semsearch.relevance.shapes import Answered
from semsearch.store.labels.pools import Pair
from semsearch.text.views import search

NAMESPACE = "listing"
"""Of the texts that are sent: where items may go, queries may."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How pairs are put to a model."""

    prompt: Prompt
    """That of `variant.prompt_id`."""
    examples: Examples = field(default_factory=lambda: Examples(()))
    n_examples: int = 4
    """That are shown with each pair, as far as there are so many."""
    variant: Variant = field(default_factory=Variant)
    places: Places = field(default_factory=dict)

    @property
    def prompt_hash(self) -> str:
        """As labels keep it: of the prompt, and what is off. Examples do not count: each new label changes them."""
        return self.variant.hash_of(self.prompt)

    def question(self, pair: Pair) -> Question[Answered]:
        """What is asked about a pair."""
        n = self.n_examples if self.variant.examples else 0
        outside: dict[str, str | Sequence[str]] = {
            "examples": [example.text for example in self.examples.near(pair.query, n)],
            "query": pair.query,
            "title": pair.item.get("title", ""),
            "body": pair.item.get("body", ""),
            "details": "\n".join(f"{name}: {text}" for name, text in details(pair.item, self.places).items()),
        }
        return Question(self.prompt, self.variant.shape, NAMESPACE, self.variant.own, outside, {})


def questions(pairs: Iterable[Pair], judging: Judging) -> Iterator[Question[Answered]]:
    """What `grade_pairs` would ask, to be priced."""
    return (judging.question(pair) for pair in pairs if not blank(pair))


def blank(pair: Pair) -> bool:
    """Whether there is no text of the item to judge."""
    return not any(search(pair.item.get(name, "")) for name in ("title", "body"))
