from __future__ import annotations

from unicodedata import normalize

from semsearch.towers.tokenizer import add_tokens, train_tokenizer

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


FEATURES = ["[category:운동화]", "[item:85123A]", "[price:b1]", "[price:b10]", "[path:의류 > 신발]"]


def test_a_feature_is_one_token_wherever_it_stands() -> None:
    tokenizer = train_tokenizer(CORPUS, 400, FEATURES)
    found = tokenizer.encode("[price:b10][category:운동화] iphone [item:85123A] [path:의류 > 신발]7").tokens
    assert found == ["[price:b10]", "[category:운동화]", "iphone", "[item:85123A]", "[path:의류 > 신발]", "7"]
    assert "[item:85123A]" not in tokenizer.encode("[item:85123a] (item:85123A]").tokens
    assert sorted(tokenizer.get_vocab().values()) == list(range(tokenizer.get_vocab_size()))


def test_words_are_learned_as_if_there_were_no_features() -> None:
    plain = train_tokenizer(CORPUS, 400)
    marked = train_tokenizer([f"[price:b1] {text}" for text in CORPUS], 400, FEATURES)
    learned = {token: number for token, number in marked.get_vocab().items() if token not in FEATURES}
    assert learned == plain.get_vocab()
    assert marked.get_vocab()["[category:운동화]"] == plain.get_vocab_size()


def test_adding_twice_adds_nothing() -> None:
    tokenizer = train_tokenizer(CORPUS, 400)
    assert add_tokens(tokenizer, FEATURES) == len(FEATURES)
    assert add_tokens(tokenizer, FEATURES) == 0
