"""The file of a prompt taken apart: TOML front matter between two `+++` lines, then `# system`, then `# user`.

```
+++
id = "spam-verdict"            # the file's name without .md
version = 1                    # raised with every change of the text
purpose = "…"                  # one line, for people
model = "small"                # or "large": which of the settings' models is asked
output = "spam.verdict"        # the shape of the answer, by a name that semsearch knows

[parameters]                   # given to each call as they stand
temperature = 0
max_tokens = 700

[variables]                    # own: our words, the only ones allowed in `# system`; outside: anything else
namespace = "own"
post = "outside"
+++
```
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from semsearch.errors import UsageError

FENCE = "+++"
SECTIONS = ("# system", "# user")
ID = r"[a-z0-9]+(?:-[a-z0-9]+)*"
"""How a prompt may be called."""
CHECK = "semsearch prompts check"


class Parameters(BaseModel):
    """What a call may be given beside its messages. There are no tools, and the shape of the answer is not given here.

    Every name is one of `openai.types.chat.CompletionCreateParams`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None


class Head(BaseModel):
    """What the front matter says."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: Annotated[str, Field(pattern=f"^{ID}$")]
    version: Annotated[int, Field(ge=1)]
    purpose: Annotated[str, Field(min_length=1)]
    model: Literal["small", "large"]
    output: Annotated[str, Field(min_length=1)]
    parameters: Parameters
    variables: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")], Literal["own", "outside"]]


class Section(NamedTuple):
    """The text below one heading."""

    text: str
    line: int
    """Of the file, in which it begins; 1 is the first."""


class Parts(NamedTuple):
    """A prompt's file taken apart."""

    head: Head
    parameters: dict[str, Any]
    """As they stand in the file."""
    system: Section
    user: Section


def read_text(path: Path) -> str:
    """The text of a prompt's file; raises UsageError when it is not UTF-8 or cannot be read."""
    try:
        raw = path.read_bytes()
        return "\n".join(lines_of(raw.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        wrong(
            path,
            raw[: error.start].count(b"\n") + 1,
            "this is not UTF-8",
            f"Next: save it as UTF-8, then {CHECK} {path.stem}",
        )
    except OSError as error:
        wrong(path, None, f"it cannot be read: {error.strerror}")


def lines_of(text: str) -> list[str]:
    """Lines of a prompt's text without what editors change unasked: line ends, spaces before them, empty last lines."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def taken_apart(text: str, path: Path) -> Parts:
    """The parts of a prompt's file; raises UsageError naming the line for what is missing, unknown or malformed."""
    lines = lines_of(text)
    end = _end_of_front_matter(lines, path)
    table = _table(lines[:end], path)
    try:
        head = Head(**table)
    except ValidationError as error:
        place, told = _first(error)
        wrong(path, _line_of(place, lines[:end]), told)
    system, user = (_sections(lines, end + 1, path)[name] for name in SECTIONS)
    return Parts(head, table["parameters"], system, user)


def wrong(path: Path, line: int | None, told: str, next_step: str = "") -> NoReturn:
    """Raise the UsageError of something in a prompt's file."""
    where = f"{path}, line {line}" if line else f"{path}"
    raise UsageError(f"{where}: {told.rstrip('.')}.", next_step or f"Next: correct it, then {CHECK} {path.stem}")


def _end_of_front_matter(lines: Sequence[str], path: Path) -> int:
    """Index of the line that closes the front matter."""
    if lines[0] != FENCE:
        wrong(path, 1, f"a prompt begins with front matter between two lines {FENCE} (docs/prompts.md)")
    for index, line in enumerate(lines[1:], 1):
        if line == FENCE:
            return index
    wrong(path, len(lines), f"the front matter that begins in line 1 is not closed by {FENCE}")


def _table(lines: Sequence[str], path: Path) -> dict[str, Any]:
    """The TOML table of a front matter whose first line is the fence."""
    try:
        return tomllib.loads("\n".join(["", *lines[1:]]))
    except tomllib.TOMLDecodeError as error:
        told = str(error).partition(" (at ")
        line = re.search(r"line (\d+)", told[2])
        wrong(path, int(line[1]) if line else len(lines), f"the front matter is not TOML: {told[0].lower()}")


def _sections(lines: Sequence[str], start: int, path: Path) -> dict[str, Section]:
    """The text under each heading, in the file's lines from index `start` on."""
    headings = [index for index in range(start, len(lines)) if lines[index] in SECTIONS]
    for name in SECTIONS:
        found = [index for index in headings if lines[index] == name]
        if not found:
            wrong(path, None, f"it has no line '{name}', the heading of what the model reads")
        if len(found) > 1:
            wrong(path, found[1] + 1, f"'{name}' stands here for the second time")
    before = next((index for index in range(start, headings[0]) if lines[index]), None)
    if before is not None:
        wrong(path, before + 1, "text before the first of the headings '# system' and '# user'")
    ends = [*headings[1:], len(lines)]
    return {
        lines[begin]: _section(lines, begin + 1, end, path)
        for begin, end in zip(headings, ends, strict=True)
    }  # fmt: skip


def _section(lines: Sequence[str], begin: int, end: int, path: Path) -> Section:
    while begin < end and not lines[begin]:
        begin += 1
    if begin == end:
        wrong(path, begin, "there is no text below this heading")
    return Section("\n".join(lines[begin:end]).rstrip(), begin + 1)


def _first(error: ValidationError) -> tuple[tuple[str, ...], str]:
    """Where the first wrong field of a front matter stands, and what is wrong with it."""
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")  # a slip of the pen before a gap
    place = tuple(str(part) for part in first["loc"] if part != "[key]")
    name = ".".join(place)
    kind = first["type"]
    if kind == "missing":
        return place, f"the front matter has no '{name}'"
    if kind == "extra_forbidden":
        return place, f"the front matter knows no '{name}'"
    told = first["msg"].removeprefix("Value error, ").replace("Input should", "it should").replace("String", "it")
    return place, f"'{name}' in the front matter: {told}"


def _line_of(place: Sequence[str], lines: Sequence[str]) -> int | None:
    """Line of the file in which a field is given, as far as it is given in a line of its own."""
    for name in reversed(place):
        given = re.compile(rf"\s*(\[\s*)?\"?{re.escape(name)}\"?\s*[]=]")
        for number, line in enumerate(lines, 1):
            if given.match(line):
                return number
    return None
