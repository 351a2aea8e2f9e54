"""docs/longtail.md says what the program does: its examples are judged so, its predictors and bounds are the ones."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from semsearch.cli.app import app
from semsearch.longtail.mismatch.calibration import CHANCE, KEPT, Calibration
from semsearch.longtail.mismatch.judging import ENOUGH, Judge
from semsearch.longtail.mismatch.words import SPELT, item_words, words_of
from semsearch.longtail.predictors import PREDICTORS
from semsearch.longtail.teaching.clicks import MOST
from semsearch.text.lexicons import Lexicon
from semsearch.training.gate.cohorts import MIN_QUESTIONS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "longtail.md").read_text(encoding="utf-8")
LEXICON = Lexicon.load()
JUDGE = Judge(LEXICON, Calibration(()), lambda _: 8.0)


def rows(heading: str) -> list[list[str]]:
    """The cells of all tables whose head has these words."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        head, _, *lines = table.splitlines()
        if heading in head:
            found += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return found


EXAMPLES = [(*row, True) for row in rows("it fits, because")]
EXAMPLES += [(*row, False) for row in rows("it is a mismatch, because")]


@pytest.mark.parametrize(("asked", "title", "why", "fits"), EXAMPLES)
def test_the_worked_examples_are_judged_so(asked: str, title: str, why: str, fits: bool) -> None:
    found = JUDGE.judge(words_of(asked, LEXICON), [item_words({"title": title}, LEXICON)])[0]
    assert (found.fits, found.why) == (fits, why)


def test_there_are_examples_in_both_languages() -> None:
    assert len(EXAMPLES) > 20
    for fits in (True, False):
        texts = [asked for asked, _, _, each in EXAMPLES if each is fits]
        assert any(text.isascii() for text in texts) and any("가" <= text[0] <= "힣" for text in texts)


def test_the_predictors_are_those_of_the_program() -> None:
    told = [(p.name, p.what, p.source, "yes" if p.needs_log else "") for p in PREDICTORS]
    assert [(name.strip("`"), *rest) for name, *rest in rows("what it reads")] == told


def test_the_figures_of_the_rules_are_those_of_the_program() -> None:
    for told in (
        f"keeps {KEPT:.0%} of".replace("%", " %"), f"more than {CHANCE:.0%} of".replace("%", " %"),
        f"{ENOUGH:.0%} of what was asked".replace("%", " %"), f"under {SPELT} key presses", f"({MOST:g} times at most)",
        f"none below {MIN_QUESTIONS} questions",
    ):  # fmt: skip
        assert told in PAGE, told


def test_commands_and_benches_exist() -> None:
    nouns = {group.name for group in app.registered_groups}
    for noun in re.findall(r"^semsearch (\w+) \w+", PAGE, re.MULTILINE):
        assert noun in nouns
    parts = import_module("bench.longtail").PARTS
    named = re.findall(r"python -m bench\.longtail (\w+)", PAGE)
    assert set(parts) == set(named)
