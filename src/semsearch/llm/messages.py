"""What a model is sent for a question: our own words in the system message, all else guarded in the user message."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from semsearch.llm.endpoint import host_and_path
from semsearch.llm.guard.guard import RULES, Guard, clean
from semsearch.llm.prompts import OUTSIDE, OWN
from semsearch.llm.prompts.front_matter import wrong
from semsearch.llm.prompts.templates import Flaw, Outside, OutsideList, rendered

if TYPE_CHECKING:
    from pydantic import BaseModel

    from semsearch.llm.answers import Question
    from semsearch.llm.guard.guard import Cleaned, Packed
    from semsearch.llm.prompts import Prompt
    from semsearch.settings import LlmSettings

_SAMPLE = "One text, of a few words\nand [PHONE_1]onelongrunofletters"
"""What marks and markers do shows in it."""
REMEMBERED = 64
"""Texts that are cleaned once for their key and their message, which is dear; some questions are prepared together."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A question as it is sent."""

    messages: list[dict[str, str]]
    """`role` and `content`: the system message, then the user message."""
    placeholders: Mapping[str, int]
    """Kind of personal data to how many were taken out of the question's texts."""
    instructed: bool
    """Whether a text of the question tries to instruct its reader."""
    cut: bool
    """Whether only the beginning of a text of the question is sent."""


def messages_of(question: Question[Any], guard: Guard, nonce: str) -> Rendered:
    """The messages of a question; `nonce` makes the markers around texts from outside.

    What the question brings and the prompt does not declare is left out. Raises UsageError when the prompt places a
    variable that the question does not bring, or takes a text from outside for own words.
    """
    prompt = question.prompt
    _check_kinds(question)
    packed: list[Packed] = []

    def outside(text: str) -> Outside:
        packed.append(_packed(text, guard, nonce))
        return Outside(packed[-1].text, empty=not text)

    own = {name: text for name, text in question.own.items() if name in prompt.variables}
    values: dict[str, str | Outside | OutsideList] = {**own}
    for name in prompt.variables:
        if name in question.outside:
            value = question.outside[name]
            values[name] = outside(value) if isinstance(value, str) else OutsideList(map(outside, value))
        elif name in question.approved:
            text = question.approved[name]
            values[name] = Outside(guard.approved(text, nonce), empty=not text)
    messages = guard.messages(_filled(prompt, prompt.system, own), _filled(prompt, prompt.user, values))
    placeholders: Counter[str] = Counter()
    for each in packed:
        placeholders.update(each.placeholders)
    told = (any(each.instructed for each in packed), any(each.cut for each in packed))
    return Rendered(messages, dict(placeholders), *told)


def key_of(question: Question[Any], model: str, settings: LlmSettings) -> str:
    """sha256 of all that an answer depends on, 64 hex digits: equal keys, equal calls but for the markers' nonce.

    Texts from outside count as they are sent, cleaned and cut. A model of the same name at another address is another
    one, and so is the same text in other marks and markers.
    """
    prompt = question.prompt
    declared = prompt.variables.keys()
    shape: type[BaseModel] = question.shape
    parts = {
        "prompt": prompt.prompt_hash,
        "rules": _rules_hash(),
        "endpoint": host_and_path(settings),
        "model": model,
        "parameters": dict(prompt.parameters),
        "structured": settings.structured,
        "schema": _schema_hash(shape),
        "own": {name: question.own[name] for name in declared & question.own.keys()},
        "outside": {
            name: _cleaned(question.outside[name], settings.max_chars) for name in declared & question.outside.keys()
        },
        "approved": {name: question.approved[name] for name in declared & question.approved.keys()},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _check_kinds(question: Question[Any]) -> None:
    """What the question brings as outside text is never taken for own words, whatever the prompt's file says."""
    prompt = question.prompt
    for kind, given in ((OWN, question.own), (OUTSIDE, question.outside), (OUTSIDE, question.approved)):
        for name in given:
            if prompt.variables.get(name, kind) != kind:
                wrong(prompt.path, None, f"the variable '{name}' is declared as {prompt.variables[name]}, it is {kind}")


def _filled(prompt: Prompt, template: str, values: Mapping[str, str | Outside | OutsideList]) -> str:
    try:
        return rendered(template, values)
    except Flaw as flaw:
        wrong(prompt.path, None, str(flaw))


def _packed(text: str, guard: Guard, nonce: str) -> Packed:
    return guard.wrap(_clean(text, guard.max_chars), nonce) if guard.normalising else guard.pack(text, nonce)


def _cleaned(value: str | Sequence[str], max_chars: int) -> str | list[str]:
    return _clean(value, max_chars).text if isinstance(value, str) else [_clean(text, max_chars).text for text in value]


@lru_cache(maxsize=REMEMBERED)
def _clean(text: str, max_chars: int) -> Cleaned:
    return clean(text, max_chars)


@lru_cache(maxsize=1)
def _rules_hash() -> str:
    """Of what the system message says of the guard, and of how the guard writes down a text."""
    guard = Guard()
    shown = (RULES, guard.pack(_SAMPLE, "k").text, guard.approved(_SAMPLE, "k"))
    return hashlib.sha256("\0".join(shown).encode()).hexdigest()


@lru_cache(maxsize=32)
def _schema_hash(shape: type[BaseModel]) -> str:
    return hashlib.sha256(json.dumps(shape.model_json_schema(), sort_keys=True).encode()).hexdigest()
