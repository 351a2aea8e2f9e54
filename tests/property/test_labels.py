"""Labels: what counts does not depend on how files are read, and no file of others breaks the import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.store.labelled import label, machine

from semsearch.errors import UsageError
from semsearch.ingest.labels.reading import read_labels
from semsearch.ingest.labels.rows import Passed
from semsearch.ingest.labels.tables import Wanted
from semsearch.records import Label
from semsearch.store.labels import effective

GRADE = st.sampled_from([None, 0, 1, 2])


@st.composite
def histories(draw: st.DrawFn) -> list[Label]:
    """Labels of two pairs by three people and two models, with undos of some of them."""
    told: list[Label] = []
    for _ in range(draw(st.integers(1, 9))):
        at = {"minute": draw(st.integers(0, 3)), "item_id": draw(st.sampled_from(["i1", "i2"]))}
        digest = {"item_digest": draw(st.sampled_from(["", "now", "old"]))}
        if draw(st.booleans()):
            role = draw(st.sampled_from(["label", "golden", "adjudication"]))
            told.append(label(draw(GRADE), draw(st.sampled_from("abc")), role=role, **at, **digest))
        else:
            told.append(machine(draw(GRADE), draw(st.sampled_from("xy")), **at, **digest))
    undone = [each for each in told if each.source == "person" and draw(st.booleans())]
    return told + [label(0, each.by, item_id=each.item_id, minute=4, retracts=each.label_id) for each in undone]


@given(histories(), st.randoms(use_true_random=False))
def test_what_counts_does_not_depend_on_the_order_of_lines(labels: list[Label], shuffled: Any) -> None:
    other = list(labels)
    shuffled.shuffle(other)
    found, again = (effective(each, {"i1": "now"}) for each in (labels, other))
    assert {pair: _told(each) for pair, each in found.items()} == {pair: _told(each) for pair, each in again.items()}


@given(histories())
def test_what_counts_keeps_to_the_order_of_who_decides(labels: list[Label]) -> None:
    taken = {each.retracts for each in labels}
    for (_, item_id), each in effective(labels, {"i1": "now"}).items():
        said = [one for one in labels if one.item_id == item_id and not one.retracts and one.label_id not in taken]
        levels = {"adjudication" if one.role == "adjudication" else one.source for one in said}
        assert each.level == next(level for level in ("adjudication", "person", "model") if level in levels)
        assert len({one.by for one in each.labels}) == len(each.labels)
        assert all(one in said for one in each.labels)
        assert len(each.history) == len([one for one in labels if one.item_id == item_id])
        if each.gradeable:
            assert each.grade_low == min(one.grade_low for one in each.labels)  # type: ignore[type-var]
            assert each.grade_high == max(one.grade_high for one in each.labels)  # type: ignore[type-var]
        if each.stale:
            assert all(one.item_digest == "old" for one in each.labels)


def _told(each: Any) -> tuple[Any, ...]:
    return each.grade_low, each.grade_high, each.level, each.disputed, each.stale, each.labels


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ANNOTATION = st.fixed_dictionaries(
    {},
    optional={
        "result": JSON
        | st.lists(st.fixed_dictionaries({"from_name": JSON, "value": JSON | st.just({"choices": ["1"]})})),
        "completed_by": JSON,
        "was_cancelled": JSON,
        "updated_at": JSON,
        "lead_time": JSON,
        "ground_truth": JSON,
    },
)
TASK = st.fixed_dictionaries(
    {"data": JSON | st.fixed_dictionaries({"query": JSON, "item_id": JSON})},
    optional={"annotations": JSON | st.lists(ANNOTATION | JSON, max_size=3)},
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels") / "file"


@settings(max_examples=100)
@given(tasks=JSON | st.lists(TASK | JSON, max_size=3))
def test_no_json_breaks_the_reader_of_label_studio(file: Path, tasks: Any) -> None:
    file.write_text(json.dumps(tasks))
    _read(file, format_="label-studio")


@settings(max_examples=100)
@given(content=st.binary(max_size=60) | st.text(alphabet="qi1\t ,\n\"'0:{}[]가", max_size=60).map(str.encode))
def test_no_bytes_break_the_reader_of_any_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    _read(file)
    file.write_bytes(b"query,item_id,grade,at\n" + content)
    _read(file)


def _read(file: Path, **how: Any) -> None:
    """Rows that have a query and an item, or an error that says what to do."""
    try:
        rows = list(read_labels(str(file), Wanted(texts={"q": "a"}), Passed(), **how))
    except UsageError as error:
        assert error.next_step
    else:
        assert all(row.query.strip() and row.item_id.strip() for row in rows)
