"""The four tactics that are known to help a judge, each of which can be switched off: the factors of `grade tune`.

| tactic | on | off |
|---|---|---|
| reasoning | the model reasons before it answers | it names the facets at once, in a shape without reasoning |
| english | the prompt `relevance-facets`, which reasons in English | `relevance-facets-ko`: the same words in Korean |
| code | the guide is given as Python | the same guide is given as prose |
| examples | diverse worked examples stand before the pair | there are none |

The prompt's own variables `guide` and `reasoning`, its list `examples` and the choice of the file carry them, so that a
variant asks other questions and its answers are kept apart from those of all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from semsearch.errors import UsageError
from semsearch.relevance.shapes import Answered, BareFacets, Facets

if TYPE_CHECKING:
    from semsearch.llm.prompts import Prompt

PROMPT, KOREAN = "relevance-facets", "relevance-facets-ko"
WHOLE = "whole"
"""The name of the variant with all tactics on."""
_OFF = "no-"
_BETWEEN = "+"


@dataclass(frozen=True, slots=True)
class Variant:
    """Which tactics are on."""

    reasoning: bool = True
    english: bool = True
    code: bool = True
    examples: bool = True

    @property
    def name(self) -> str:
        """`whole`, or what is off: `no-code`, `no-reasoning+no-examples`."""
        return _BETWEEN.join(f"{_OFF}{tactic}" for tactic in TACTICS if not getattr(self, tactic)) or WHOLE

    @classmethod
    def named(cls, name: str) -> Variant:
        """The variant of a name; raises UsageError for one that there is not."""
        off = [] if name == WHOLE else [part.removeprefix(_OFF) for part in name.split(_BETWEEN)]
        found = cls(**{tactic: tactic not in off for tactic in TACTICS})
        if found.name != name:
            known = ", ".join(each.name for each in ablations())
            raise UsageError(
                f"There is no variant '{name}' of the prompt.", f"Next: one of {known}, or several joined by +"
            )
        return found

    def without(self, tactic: str) -> Variant:
        """The same with one tactic off."""
        return replace(self, **{tactic: False})

    @property
    def prompt_id(self) -> str:
        """The prompt that is asked with."""
        return PROMPT if self.english else KOREAN

    @property
    def shape(self) -> type[Answered]:
        """What a good answer looks like."""
        return Facets if self.reasoning else BareFacets

    @property
    def own(self) -> Mapping[str, str]:
        """The prompt's own variables."""
        return {"guide": "code" if self.code else "prose", "reasoning": "yes" if self.reasoning else ""}

    def hash_of(self, prompt: Prompt) -> str:
        """What a label keeps as its `prompt_hash`: the prompt's, with the name of the variant unless it is whole."""
        return prompt.prompt_hash if self.name == WHOLE else f"{prompt.prompt_hash}-{self.name}"


TACTICS = tuple(each.name for each in fields(Variant))


def ablations() -> tuple[Variant, ...]:
    """All tactics on, then each of them off."""
    return (Variant(), *(Variant().without(tactic) for tactic in TACTICS))
