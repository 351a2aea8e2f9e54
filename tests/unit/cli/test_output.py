"""Progress where no terminal is: a line when a step begins."""

from __future__ import annotations

import pytest

from semsearch.cli.output import _count, steps


def test_without_a_terminal_a_step_is_one_line_when_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    with steps() as progress:
        progress("rows read", 20_000, 0)
        progress("rows read", 40_000, 0)
        assert capsys.readouterr().err == "Rows read…\n"
        progress("training", 1, 9)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Training…\n")


def test_a_count_names_the_end_only_when_it_is_known() -> None:
    assert [_count(6000, 0), _count(5, 9000), _count(0, 9), _count(0, 0)] == ["6,000", "5 of 9,000", "0 of 9", ""]
