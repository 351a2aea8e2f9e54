from __future__ import annotations

import pytest

from semsearch.errors import UsageError
from semsearch.text.lexicons import Group, Lexicon
from semsearch.text.tokens import words
from semsearch.text.views import search


def found(lexicon, text):
    return {group.surfaces[0] for group, _, _ in lexicon.find(words(search(text)).atoms)}


@pytest.fixture(scope="module")
def starter():
    return Lexicon.load()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("나이키", "NIKE"),
        ("르쿠르제", "Le Creuset"),
        ("르 크루제", "lecreuset"),
        ("플스5", "PS5"),
        ("플스 5", "PlayStation 5"),
        ("아이폰", "iphone"),
        ("갤럭시", "galaxy"),
        ("에어팟", "airpods"),
        ("노트북", "laptops"),
        ("보조배터리", "power bank"),
    ],
)
def test_starter_joins(starter, left, right):
    assert found(starter, left) & found(starter, right)


def test_starter_is_rich_and_clean(starter):
    kinds = [group.kind for group in starter.groups]
    assert kinds.count("brands") + kinds.count("transliterations") >= 250
    assert kinds.count("synonyms") >= 100


def test_numbers_tell_names_apart(starter):
    assert "플스5" not in found(starter, "플스 4")
    assert "플스5" not in found(starter, "플스 4 5월")


def test_brands_keep_their_number(starter):
    assert "반스" not in found(starter, "van")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("나이키\t\tNIKE", "empty column"),
        ("나이키", "one column"),
        ("나이키\t!!!", "without letters"),
        ("나이키\tone two three four five six", "more than 5 words"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, what):
    path = tmp_path / "synonyms.tsv"
    path.write_text(f"# words\n\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=what) as error:
        Lexicon.load([tmp_path])
    assert f"{path}, line 3" in error.value.message
    assert error.value.next_step


def test_bytes_that_are_not_utf8_are_named(tmp_path):
    (tmp_path / "brands.tsv").write_bytes("나이키\tNIKE\n".encode() + "아디다스".encode("cp949") + b"\n")
    with pytest.raises(UsageError, match="line 2 is not UTF-8"):
        Lexicon.load([tmp_path])


def test_an_unknown_file_name_is_refused(tmp_path):
    (tmp_path / "words.tsv").write_text("a\tb\n")
    with pytest.raises(UsageError, match=r"words\.tsv"):
        Lexicon.load([tmp_path])


def test_user_files_add_to_the_starter(tmp_path, starter):
    (tmp_path / "brands.tsv").write_bytes(b"\xef\xbb\xbf" + "당근상점\tCarrotShop\r\n".encode())
    mine = Lexicon.load([tmp_path])
    assert found(mine, "carrot shop") == {"당근상점"}
    assert mine.digest != starter.digest
    assert Lexicon.from_text(mine.to_text()).digest == mine.digest


def test_brands_of_a_catalogue_are_sorted_and_need_a_letter():
    lexicon = Lexicon().with_brands(["TP-LINK", "2", "", "!!", "Acer"])
    assert [group.surfaces for group in lexicon.groups] == [("Acer",), ("TP-LINK",)]
    assert found(lexicon, "tp link") == {"TP-LINK"}
    assert Group("brands", ("TP-LINK",)).token == "=tplink"
