from __future__ import annotations

from unicodedata import normalize

from semsearch.towers.tokenizer import train_tokenizer

CORPUS = [
    "나이키 에어맥스 270",
    "나이키에어맥스 270mm",
    "iphone 7 pokémon",
    "iphone7 케이스 256기가",
    "아이폰 케이스 🙂",
] * 5


def tokens(text: str) -> list[str]:
    return train_tokenizer(CORPUS, 400).encode(text, add_special_tokens=False).tokens


def test_spacing_between_script_and_digits_does_not_matter() -> None:
    assert tokens("iphone7") == tokens("iphone 7") == ["iphone", "7"]
    assert tokens("나이키에어맥스270mm") == tokens("나이키에어맥스 270 mm")


def test_accents_and_case_are_folded_but_emoji_have_no_token() -> None:
    assert tokens("Pokémon") == tokens("pokemon")
    assert tokens("🙂 !?") == []


def test_a_slip_in_one_jamo_keeps_the_other_pieces() -> None:
    right, wrong = tokens("아이폰"), tokens("아이퐁")
    assert "".join(right) == normalize("NFD", "아이폰")
    assert "".join(wrong) == normalize("NFD", "아이포")  # ㅇ at the end is not in this small alphabet


def test_vowel_signs_of_other_scripts_stay() -> None:
    corpus = ["กระเป๋าผู้หญิง"] * 5
    assert "".join(train_tokenizer(corpus, 100).encode(corpus[0]).tokens) == corpus[0]


def test_training_repeats_and_does_not_hang_on_order() -> None:
    first = train_tokenizer(CORPUS, 400).to_str()
    assert train_tokenizer(CORPUS, 400).to_str() == first
    assert train_tokenizer(CORPUS[::-1], 400).to_str() == first


def test_text_without_words_gives_a_tokenizer_without_words() -> None:
    assert train_tokenizer(["!!!", ""], 100).encode("!!!").tokens == []
