"""Other policies to try: from a TOML file, and from a sweep over some of its settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from semsearch.errors import UsageError
from semsearch.settings import CampaignSettings

MOST_POINTS = 200
_OF_READING = ("model", "max_chars", "min_letters")
_OF_GROWTH = ("burst_", "drip_", "floor", "chance")
"""Settings that only decide what growth is an alert: posts are joined in the same way whatever they say."""


@dataclass(frozen=True, slots=True)
class Point:
    """A policy to try, and what it is called."""

    name: str
    policy: CampaignSettings

    @property
    def reading(self) -> tuple[Any, ...]:
        """What decides how posts are read; equal for policies that can share that work."""
        return tuple(getattr(self.policy, name) for name in _OF_READING)

    @property
    def joining(self) -> str:
        """What decides who joins whom; equal for policies that can share that work as well."""
        growth = {name for name in CampaignSettings.model_fields if name.startswith(_OF_GROWTH)}
        return self.policy.model_dump_json(exclude=growth)


def read_policy(path: Path, base: CampaignSettings) -> CampaignSettings:
    """The policy of a file with the keys of [campaigns]; what it leaves out is as in `base`.

    The keys may stand under a [campaigns] table, as in semsearch.toml. Raises UsageError for anything else.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Next: name another file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}", "Next: correct that line") from error
    values = given.get("campaigns", given)
    if not isinstance(values, Mapping) or (values is not given and len(given) > 1):
        raise UsageError(f"{path} holds more than [campaigns].", "Next: leave only its settings")
    if "namespaces" in values:
        raise UsageError(
            f"{path} has settings by namespace; a replay is of one namespace.",
            "Next: put that namespace's values on top, and replay with --namespace",
        )
    return base.changed(values, "Setting campaigns.", f"it in {path}; docs/reference.md lists the settings")


def swept(base: CampaignSettings, sweeps: Sequence[str]) -> list[Point]:
    """Every combination of the values of sweeps such as `floor=4,6,8`; raises UsageError."""
    axes = [_axis(text) for text in sweeps]
    names = [name for name, _ in axes]
    if len(set(names)) < len(names):
        raise UsageError("--sweep names one setting twice.", "Next: give all its values at once: --sweep floor=4,6,8")
    combinations = list(product(*(values for _, values in axes)))
    if len(combinations) > MOST_POINTS:
        raise UsageError(
            f"These sweeps are {len(combinations):,} policies, more than {MOST_POINTS}.", "Next: give fewer values"
        )
    points = []
    for values in combinations:
        given = dict(zip(names, values, strict=True))
        policy = base.changed(given, "--sweep ", "--sweep; docs/reference.md lists the settings of [campaigns]")
        points.append(Point(", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                                      for name, value in given.items()), policy))  # fmt: skip
    return points


def _axis(text: str) -> tuple[str, list[Any]]:
    name, equals, values = text.partition("=")
    if not equals or not values.strip(" ,"):
        raise UsageError(f"--sweep {text} names no values.", "Next: such as --sweep floor=4,6,8")
    return name.strip(), [_value(value.strip()) for value in values.split(",") if value.strip()]


def _value(text: str) -> Any:
    """A number as TOML has it, else the text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
