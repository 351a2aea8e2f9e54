"""`--where`: a small language over item fields, read into a tree.

```
price >= 10000 and price < 50000          comparisons: = != < <= > >=
status in (active, reserved)              sets; also `not in`
price in 10000..50000                     ranges, both ends included; also `price between 10000 and 50000`
ended_at is null                          null checks; also `is not null`
category under "디지털 > 노트북"             the category itself or anything below it
title ^= "아이폰"                           text that starts so
attributes.brand = "Apple"                one attribute; compared as a number when the value is a number
created_at >= 2024-05-01                  a date is the whole day in UTC; 2024-05-01T09:00+09:00 is an instant
(region_id = 11 or region_id = 26) and not currency = USD
```

Words are case-insensitive, values are not. A field without a value fails every test but `is null`, and
`not` keeps it out too (SQL's three-valued logic). Text with spaces or signs needs quotes, ' or ";
a backslash takes the next character as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from semsearch.errors import FilterError
from semsearch.index.filters import (
    AnyOf,
    Between,
    Both,
    Compare,
    Either,
    Field,
    IsNull,
    Not,
    Span,
    Value,
    Where,
    item_fields,
)

ATTRIBUTE = "attributes."
MAX_DEPTH = 50
MAX_LENGTH = 10_000
_SYMBOLS = ("<=", ">=", "!=", "<>", "^=", "==", "..", "=", "<", ">", "(", ")", ",")
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = frozenset({"and", "or", "not", "in", "between", "is", "null", "under"})
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<symbol>" + "|".join(re.escape(s) for s in _SYMBOLS) + r")"
    r"|(?P<bare>(?:(?!\.\.)[^\s()<>=!^,\"'])+))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # text, symbol, bare, end
    text: str
    column: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "bare" else ""


def parse_where(expression: str) -> Where:
    """The tree of one expression; raises FilterError pointing at the column that cannot be read."""
    if len(expression) > MAX_LENGTH:
        raise FilterError(f"The filter has more than {MAX_LENGTH:,} characters.", expression[:60] + " …", 0)
    return _Parser(expression).whole()


class _Parser:
    """Recursive descent: or < and < not < one test."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = self._tokens()
        self.at = 0
        self.depth = 0
        self.fields = item_fields()

    # --- tokens ----------------------------------------------------------------------------

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        end = len(self.expression.rstrip())
        while position < end:
            match = _TOKEN.match(self.expression, position)
            if match is None or match.lastgroup is None:
                start = position + len(self.expression[position:]) - len(self.expression[position:].lstrip())
                raise FilterError(self._unreadable(start), self._shown(), self._column(start))
            tokens.append(_Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
            position = match.end()
        return [*tokens, _Token("end", "", end)]

    def _unreadable(self, start: int) -> str:
        if self.expression[start] in "\"'":
            return "This quote is not closed."
        return f"'{self.expression[start]}' means nothing here."

    def _shown(self) -> str:
        return re.sub(r"\s", " ", self.expression)

    def _column(self, position: int) -> int:
        """Terminal columns before `position`: Korean letters take two."""
        from unicodedata import combining, east_asian_width

        before = self.expression[:position]
        return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in before)

    def fail(self, message: str, token: _Token, hint: str = "") -> FilterError:
        return FilterError(message, self._shown(), self._column(token.column), hint)

    @property
    def now(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.now
        self.at += token.kind != "end"
        return token

    def accept(self, *options: str) -> _Token | None:
        """Take the next token if it is one of these words or symbols."""
        token = self.now
        name = token.text if token.kind == "symbol" else token.word
        return self.take() if name in options and name else None

    def expect(self, option: str, why: str) -> None:
        if not self.accept(option):
            raise self.fail(f"Expected '{option}' {why}.", self.now)

    # --- grammar ---------------------------------------------------------------------------

    def whole(self) -> Where:
        if self.now.kind == "end":
            raise self.fail("The filter is empty.", self.now)
        tree = self.either()
        if self.now.kind != "end":
            raise self.fail(f"Expected 'and', 'or' or the end, not '{self.now.text}'.", self.now)
        return tree

    def either(self) -> Where:
        return self._chain("or", self.both, Either)

    def both(self) -> Where:
        return self._chain("and", self.negated, Both)

    def _chain(self, word: str, operand: Callable[[], Where], join: Callable[[Where, Where], Where]) -> Where:
        """Operands joined by `word`, as a balanced tree, so that a long chain stays shallow."""
        level = [operand()]
        while self.accept(word):
            level.append(operand())
        while len(level) > 1:
            pairs = [join(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            level = pairs + level[len(pairs) * 2 :]
        return level[0]

    def negated(self) -> Where:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"More than {MAX_DEPTH} parentheses and 'not's inside each other.", self.now)
        try:
            if self.accept("not"):
                return Not(self.negated())
            if self.accept("("):
                inner = self.either()
                self.expect(")", "to close the parenthesis")
                return inner
            return self.test()
        finally:
            self.depth -= 1

    def test(self) -> Where:
        field = self.field()
        if self.accept("is"):
            negative = self.accept("not")
            self.expect("null", "after 'is'")
            return Not(IsNull(field)) if negative else IsNull(field)
        if self.accept("between"):
            low = self.value(field)
            self.expect("and", "between the two ends")
            return Between(field, low, self.value(field))
        if self.accept("not"):
            self.expect("in", "after 'not'")
            return Not(self.members(field))
        if self.accept("in"):
            return self.members(field)
        return self.comparison(field)

    def comparison(self, field: Field) -> Where:
        operator = self.accept(*_COMPARISONS, "^=", "under")
        if operator is None:
            raise self.fail(
                f"Expected a comparison after '{field.name}'.",
                self.now,
                "One of: = != < <= > >= ^= in between under 'is null'",
            )
        op = _COMPARISONS.get(operator.text, operator.word or operator.text)
        if op in ("^=", "under") and field.kind != "text":
            raise self.fail(f"'{op}' is for text; {field.name} is a {field.kind}.", operator)
        first = self.value(field, as_text=op in ("^=", "under"))
        if op == "=" and self.accept(".."):
            return Between(field, first, self.value(field))
        return Compare(field, op, first)

    def members(self, field: Field) -> Where:
        if not self.accept("("):
            low = self.value(field)
            self.expect("..", "for a range, or '(' for a set")
            return Between(field, low, self.value(field))
        values = [self.value(field)]
        while self.accept(","):
            values.append(self.value(field))
        self.expect(")", "to close the set")
        return AnyOf(field, tuple(values))

    def field(self) -> Field:
        token = self.take()
        if token.kind != "bare" or token.word in _WORDS:
            raise self.fail("Expected the name of a field.", token, f"Fields: {', '.join(self.fields)}, attributes.KEY")
        if token.text.startswith(ATTRIBUTE):
            return Field(token.text, "text", self._attribute(token))
        if token.text not in self.fields:
            raise self.fail(f"No field '{token.text}'.", token, self._nearest(token.text))
        return Field(token.text, self.fields[token.text])

    def _attribute(self, token: _Token) -> str:
        key = token.text.removeprefix(ATTRIBUTE)
        if not key and self.now.kind == "text" and self.now.column == token.column + len(token.text):
            key = _unquote(self.take().text)
        if not key:
            raise self.fail("Expected a key.", token, 'For example attributes.brand or attributes."my key"')
        return key

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), [*self.fields, "attributes.KEY"], n=1, cutoff=0.5)
        names = f"Fields: {', '.join(self.fields)}, attributes.KEY"
        return f"Did you mean '{near[0]}'? {names}" if near else names

    # --- values ----------------------------------------------------------------------------

    def value(self, field: Field, as_text: bool = False) -> Value:
        token = self.take()
        if token.kind not in ("text", "bare"):
            raise self.fail(f"Expected a value for {field.name}.", token)
        if token.kind == "bare" and token.word in _WORDS:
            raise self.fail(f"Expected a value, not '{token.text}'.", token, "Put it in quotes if it is a value.")
        text = _unquote(token.text) if token.kind == "text" else token.text
        if field.kind == "time":
            return self._time(text, token)
        if field.kind == "number":
            return self._number(text, token, field)
        if field.attribute is not None and token.kind == "bare" and not as_text:
            number = _as_number(text)
            return text if number is None else number
        return text

    def _number(self, text: str, token: _Token, field: Field) -> float:
        number = _as_number(text)
        if number is None:
            raise self.fail(f"{field.name} is a number, '{text}' is not.", token)
        return number

    def _time(self, text: str, token: _Token) -> Span:
        try:
            start = datetime.fromisoformat(text)
            length = timedelta(days=1) if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text) else timedelta(microseconds=1)
            start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
            return Span(start, start + length)
        except (ValueError, OverflowError):
            raise self.fail(f"'{text}' is not a time.", token, "Write 2024-05-01 or 2024-05-01T09:00.") from None


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _as_number(text: str) -> float | None:
    """A decimal number, `_` allowed between digits; None for anything else."""
    plain = text.replace("_", "")
    return float(plain) if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?", plain, re.IGNORECASE) else None
