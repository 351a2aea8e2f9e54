"""What can go wrong, drawn once; the command line turns each into a message, a next step and an exit code.

```
SemsearchError                1   our bug, if it is none of the below
├── UsageError                2   bad input: a flag, a file, a row, a filter, an id
│   ├── FilterError           2   a --where that cannot be read; points at the column
│   └── MismatchError         2   two things that were not made for each other (encoder, analyser, format)
├── Refused                   3   finished, and the answer is no (gate, verify, --fail-on)
│   └── Damaged               3   a release or a scan is not as it was made
├── Missing                   4   something is not there
│   ├── MissingWorkspace      4   no workspace in this directory
│   ├── MissingPart           4   no items, no model, no release yet
│   ├── MissingExtra          4   an optional package is not installed
│   └── MissingService        4   a key, an endpoint or a server
├── BudgetReached             5   stopped by a budget; what was paid for is kept
└── Busy                      4   another process is writing to this workspace
```
"""

from __future__ import annotations


class SemsearchError(Exception):
    """Base of all errors that we raise on purpose.

    `message` says what is wrong, `next_step` what to type or do about it.
    """

    exit_code = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n{self.next_step}" if self.next_step else self.message


class UsageError(SemsearchError):
    """Bad input; nothing was changed."""

    exit_code = 2


class FilterError(UsageError):
    """A filter that cannot be read; `column` is 0-based, so that a caret can be drawn under it."""

    def __init__(self, message: str, expression: str, column: int, hint: str = "") -> None:
        correct = "Next: correct it at the caret, such as --where 'price < 50000 and status = active' (docs/search.md)"
        shown = f"{message}\n  {expression}\n  {' ' * column}^"
        super().__init__(shown, f"{hint}\n{correct}" if hint else correct)
        self.expression = expression
        self.column = column


class MismatchError(UsageError):
    """Two things that were not made for each other."""


class Refused(SemsearchError):
    """Finished, and the answer is no."""

    exit_code = 3


class Damaged(Refused):
    """A file of a release, or of a scan, is not as it was written; `next_step` makes it again."""

    def __init__(self, what: str, detail: object, next_step: str = "Next: semsearch index build --publish") -> None:
        super().__init__(f"{what} is damaged: {detail}", next_step)


class Missing(SemsearchError):
    """Something that the command needs is not there."""

    exit_code = 4


class MissingWorkspace(Missing):
    """No workspace in this directory."""


class MissingPart(Missing):
    """A step was skipped: no items, no model or no release yet."""


class MissingExtra(Missing):
    """An optional package is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(
            f"{what} needs the '{extra}' extra.",
            f"Next: pip install '.[{extra}]' -c constraints.txt, in your clone of semsearch",
        )


class MissingService(Missing):
    """A key, an endpoint or a server is not there."""


class Busy(Missing):
    """Another process is writing to this workspace."""


class BudgetReached(SemsearchError):
    """Stopped by a budget; what was paid for is kept."""

    exit_code = 5
