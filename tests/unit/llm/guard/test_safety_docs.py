"""The page says what the suite finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.llm.guard.attacks import ATTACKS
from tests.unit.llm.guard.test_containment import NONE, through, without

from semsearch.llm.guard.guard import Guard

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "llm-safety.md").read_text()


@pytest.mark.parametrize(
    ("row", "guard"),
    [
        ("none", NONE),
        ("whole", Guard()),
        ("outside text in the system message", without("user_only")),
        ('fixed markers (`"""`)', without("random_markers")),
        ("no data marking", without("data_marking")),
        ("no normalising", without("normalising")),
    ],
)
def test_the_table_of_walls(row, guard):
    told = re.search(rf"^\| {re.escape(row)} \| (\d+) \|", PAGE, re.MULTILINE)
    assert told and int(told[1]) == len(through(guard))


def test_how_many_attacks_there_are():
    n_korean = sum(attack.lang == "ko" for attack in ATTACKS)
    assert f"holds {len(ATTACKS)} attacks ({n_korean} Korean, {len(ATTACKS) - n_korean} English)" in PAGE
