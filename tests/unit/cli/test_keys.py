"""Keys of a terminal, one by one."""

from __future__ import annotations

import os
import pty
import termios
import time
from collections.abc import Iterator

import pytest

from semsearch.cli.keys import BACKSPACE, ENTER, ESCAPE, OTHER, PASTED, Keys, command

SOON_S = 0.01


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(theirs)
    os.close(ours)


def pressed(keys: Keys) -> list[str]:
    found = []
    while (key := keys.read(SOON_S)) is not None:
        found.append(key)
    return found


def test_keys_come_without_enter_and_the_terminal_is_as_before(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    with Keys(theirs) as keys:
        assert keys.read(0) is None
        os.write(ours, "2가ㅋ\r\x7f\x01".encode())
        assert pressed(keys) == ["2", "가", "ㅋ", ENTER, BACKSPACE, OTHER]
    assert termios.tcgetattr(theirs) == before


def test_a_letter_whose_bytes_come_apart_is_one_key(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keys(theirs) as keys:
        first, rest = "가".encode()[:1], "가".encode()[1:]
        os.write(ours, first)
        assert keys.read(SOON_S) is None
        os.write(ours, rest)
        assert keys.read(SOON_S) == "가"


@pytest.mark.parametrize("sequence", ["\x1b[A", "\x1bOP", "\x1b[1;5C", "\x1b[3~", "\x1bx"])
def test_arrows_and_their_like_are_no_letters(terminal: tuple[int, int], sequence: str) -> None:
    ours, theirs = terminal
    with Keys(theirs) as keys:
        os.write(ours, f"{sequence}2".encode())
        assert pressed(keys) == [OTHER, "2"]


def test_what_is_pasted_at_once_is_one_key(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keys(theirs) as keys:
        os.write(ours, "\x1b[200~2 1\n0 가\x1b[201~z".encode())
        assert pressed(keys) == [PASTED, "z"]
        assert keys.pasted == "2 1\n0 가"


def test_escape_alone_is_a_key(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keys(theirs) as keys:
        os.write(ours, b"\x1b")
        assert keys.read(SOON_S) == ESCAPE


def test_what_was_typed_before_can_be_dropped(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keys(theirs) as keys:
        os.write(ours, b"22")
        assert keys.read(1) == "2"
        os.write(ours, b"2")
        time.sleep(SOON_S)
        keys.forget()
        assert keys.read(0) is None


def test_a_terminal_that_is_gone_ends_the_input_and_nothing_else() -> None:
    ours, theirs = pty.openpty()
    with Keys(theirs) as keys:
        os.close(ours)
        with pytest.raises(EOFError):
            keys.read(1)
    os.close(theirs)


@pytest.mark.parametrize(
    ("key", "means"),
    [
        ("Z", "z"),
        ("ㅋ", "z"),
        ("ㅕ", "u"),
        ("ㄹ", "f"),
        ("２", "2"),
        ("2", "2"),
        (ENTER, ENTER),
        ("가", "rk"),
        (" ", " "),
    ],
)
def test_commands_of_korean_full_width_and_upper_case_keys(key: str, means: str) -> None:
    assert command(key) == means
