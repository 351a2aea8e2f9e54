"""What is asked of a model, and what came of it: a checked value, or an abstention with its cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from semsearch.llm.prompts import Prompt

T = TypeVar("T", bound=BaseModel)
REFUSED = "refused"
CUT = "cut"
FILTERED = "filtered"
NOT_JSON = "not JSON"
WRONG_SHAPE = "wrong shape"
FAILED = "failed"
REFUSAL = "refusal"
"""How an answer ends that the endpoint marked as a refusal; the others end as the protocol says."""
FILTER = "content_filter"
_ENDS = {REFUSAL: REFUSED, "length": CUT, FILTER: FILTERED}
DETAIL_CHARS = 200


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One prompt with all that goes into it."""

    prompt: Prompt
    shape: type[T]
    """What a good answer looks like."""
    namespace: str
    """Of the texts; says where they may be sent."""
    own: Mapping[str, str]
    """Our own words; the only ones that reach the system message."""
    outside: Mapping[str, str | Sequence[str]]
    """Text of other people."""
    approved: Mapping[str, str]
    """Text from outside that a person approved: sent as it is, between markers."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came of one question; an abstention when `value` is None."""

    value: T | None
    cause: str
    """Of an abstention: refused, cut, filtered, not JSON, wrong shape (all paid and kept), or failed (not kept: the
    next run that asks this asks it anew)."""
    detail: str
    """What is known of the cause."""
    key: str
    """sha256 of prompt, guard, endpoint, model, parameters, structured mode, shape and cleaned variables."""
    prompt_hash: str
    model: str
    n_in: int
    """Tokens that were sent; 0 when the endpoint does not count."""
    n_out: int
    """Tokens that came back; 0 when the endpoint does not count."""
    cost_usd: float
    """What it cost when it was asked, with attempts that failed and may be billed; 0 for a model without a price."""
    cached: bool
    """Whether it was paid for before: by an earlier run, or by the same question earlier in this one."""
    instructed: bool
    """Whether a text of the question tries to instruct its reader; of a text that is cut, its beginning."""
    cut: bool = False
    """Whether only the beginning of a text of the question was sent, `[llm] max_chars` of it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a batch would cost, before anything is sent: `n = n_cached + n_calls`."""

    n: int
    n_cached: int
    """Answered before, or asked twice in the batch."""
    n_calls: int
    worst_usd: float
    """All calls at their dearest, each answered at the first attempt: one that fails may be billed too."""


def read(shape: type[T], content: str, finish: str) -> tuple[T | None, str, str]:
    """(value, cause, detail) of an answer's words. Values are taken strictly: the text "yes" is not true."""
    if finish in _ENDS:
        return None, _ENDS[finish], content[:DETAIL_CHARS] if finish == REFUSAL else ""
    try:
        return shape.model_validate_json(content, strict=True), "", ""
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
        cause = NOT_JSON if wrong["type"] == "json_invalid" else WRONG_SHAPE
        where = ".".join(str(part) for part in wrong["loc"])
        return None, cause, f"{where}: {wrong['msg']}" if where else wrong["msg"]
