"""Filters against an oracle that walks the tree in plain Python, item by item."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from semsearch.index.masks import where_mask
from semsearch.index.where import parse_where
from semsearch.records import Item, schema

WORDS = (
    "active",
    "a",
    "디지털",
    "디지털 > 노트북",
    "디지털 > 노트북 > 가방",
    "노트",
    'quo"te',
    "o'clock",
    "back\\slash",
    "",
)
NUMBERS = (-1.0, 0.0, 0.5, 10.0, 50_000.0)
DAYS = tuple(datetime(2024, 5, day, tzinfo=UTC) for day in (1, 2, 3))
TEXTS = {"status", "category", "title"}


def maybe(values):
    return st.one_of(st.none(), st.sampled_from(values))


items = st.fixed_dictionaries(
    {
        "title": st.sampled_from(WORDS),
        "category": maybe(WORDS),
        "status": st.sampled_from(WORDS),
        "price": maybe(NUMBERS),
        "created_at": maybe([d + timedelta(hours=h) for d in DAYS for h in (0, 12)]),
        "brand": maybe((*WORDS, "10", "0.5", "5e4")),
    }
)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def single_tests(draw):
    """One test as text and as tree."""
    name = draw(st.sampled_from(["title", "category", "status", "price", "created_at", "attributes.brand"]))
    if name in TEXTS:
        field, values = Field(name, "text"), [(quoted(w), w) for w in WORDS]
    elif name == "price":
        field, values = Field(name, "number"), [(f"{n:g}" if n != 50_000 else "50_000", n) for n in NUMBERS]
    elif name == "created_at":
        field = Field(name, "time")
        values = [(f"{d:%Y-%m-%d}", Span(d, d + timedelta(days=1))) for d in DAYS]
        values += [(d.isoformat(), Span(d, d + timedelta(microseconds=1))) for d in DAYS]
    else:
        field = Field(name, "text", "brand")
        values = [(quoted(w), w) for w in WORDS] + [(f"{n:g}" if n != 50_000 else "5e4", n) for n in NUMBERS]
    shape = draw(st.sampled_from(["compare", "in", "not in", "range", "between", "null", "text"]))
    (a, x), (b, y) = draw(st.sampled_from(values)), draw(st.sampled_from(values))
    if shape == "in":
        return f"{name} in ({a}, {b})", AnyOf(field, (x, y))
    if shape == "not in":
        return f"{name} NOT IN ({a},{b})", Not(AnyOf(field, (x, y)))
    if shape == "range":
        return f"{name} in {a}..{b}", Between(field, x, y)
    if shape == "between":
        return f"{name} between {a} and {b}", Between(field, x, y)
    if shape == "null":
        return f"{name} is null", IsNull(field)
    if shape == "text" and isinstance(x, str):
        op = draw(st.sampled_from(["^=", "under"]))
        return f"{name} {op} {a}", Compare(field, op, x)
    op = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    return f"{name}{op}{a}", Compare(field, op, x)


def joined(inner):
    pairs = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda t: (f"not ({t[0]})", Not(t[1]))),
        pairs.map(lambda p: (f"({p[0][0]}) and ({p[1][0]})", Both(p[0][1], p[1][1]))),
        pairs.map(lambda p: (f"({p[0][0]}) or ({p[1][0]})", Either(p[0][1], p[1][1]))),
    )


expressions = st.recursive(single_tests(), joined, max_leaves=6)


def value_of(item, field, other):
    value = item["brand"] if field.attribute else item[field.name]
    if field.attribute and isinstance(other, float) and value is not None:
        try:
            return float(value)
        except ValueError:
            return None
    return value


def compared(value, op, other):
    """True, False or None (unknown)."""
    if value is None:
        return None
    if isinstance(other, Span):
        return {
            "=": other.start <= value < other.stop,
            "!=": not other.start <= value < other.stop,
            "<": value < other.start,
            ">=": value >= other.start,
            "<=": value < other.stop,
            ">": value >= other.stop,
        }[op]
    return {
        "=": lambda: value == other,
        "!=": lambda: value != other,
        "<": lambda: value < other,
        "<=": lambda: value <= other,
        ">": lambda: value > other,
        ">=": lambda: value >= other,
        "^=": lambda: value.startswith(other),
        "under": lambda: value == other or value.startswith(other + " > "),
    }[op]()


def all_of(truths):
    return False if False in truths else None if None in truths else True


def negated(truth):
    return None if truth is None else not truth


def holds(item, tree):
    """Kleene's three values."""
    match tree:
        case Both(a, b):
            return all_of([holds(item, a), holds(item, b)])
        case Either(a, b):
            return negated(all_of([negated(holds(item, a)), negated(holds(item, b))]))
        case Not(a):
            return negated(holds(item, a))
        case IsNull(field):
            return value_of(item, field, None) is None
        case Compare(field, op, other):
            return compared(value_of(item, field, other), op, other)
        case AnyOf(field, others):
            return negated(all_of([negated(compared(value_of(item, field, o), "=", o)) for o in others]))
        case Between(field, low, high):
            return all_of(
                [compared(value_of(item, field, low), ">=", low), compared(value_of(item, field, high), "<=", high)]
            )


def frame(rows):
    import json

    full = [
        {k: v for k, v in row.items() if k != "brand"}
        | {"item_id": str(i), "body": ""}
        | {"attributes": json.dumps({} if row["brand"] is None else {"brand": row["brand"]}, ensure_ascii=False)}
        for i, row in enumerate(rows)
    ]
    return pl.DataFrame(full, schema=schema(Item))


@settings(max_examples=250, deadline=None)
@given(expressions, st.lists(items, min_size=1, max_size=12))
def test_filters_mean_what_the_oracle_says(expression, rows):
    text, tree = expression
    mask = where_mask(frame(rows).lazy(), parse_where(text))
    assert mask.tolist() == [holds(row, tree) is True for row in rows], text


@settings(max_examples=150, deadline=None)
@given(expressions)
def test_text_is_read_into_the_tree_it_was_written_from(expression):
    text, tree = expression
    assert parse_where(text) == tree


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="pricestau ()=<>!^.,'\"\\0159노트and or not in", max_size=40))
def test_any_text_is_read_or_refused_at_a_column(text):
    try:
        parse_where(text)
    except FilterError as error:
        assert 0 <= error.column <= 2 * len(text)
