"""Conditions of `--fail-on`, such as `ndcg@10<0.7`."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass

from semsearch.errors import Refused, UsageError

_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SHAPE = re.compile(r"\s*(\S+?)\s*(<=|>=|<|>)\s*([-+]?[\d.]+)\s*")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a metric's mean with a number."""

    metric: str
    sign: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether `value` is on the failing side; NaN (no query counted) always is."""
        return bool(_COMPARISONS[self.sign](value, self.bound)) or math.isnan(value)

    def refuse(self, value: float) -> None:
        """Raise Refused (exit 3) for this value."""
        raise Refused(f"{self.metric} is {value:.4f}, and --fail-on says {self.metric}{self.sign}{self.bound:g}.")


def parse_condition(text: str) -> Condition:
    """Read one condition; raises UsageError unless it is METRIC, a comparison and a number."""
    from semsearch.evaluation.metrics import parse_metric

    match = _SHAPE.fullmatch(text)
    try:
        if match:
            return Condition(parse_metric(match[1]).name, match[2], float(match[3]))
    except ValueError:
        pass
    raise UsageError(f"--fail-on '{text}' cannot be read.", "Next: such as --fail-on 'ndcg@10<0.7'")
