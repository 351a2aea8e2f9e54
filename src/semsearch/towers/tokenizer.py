"""The tokenizer of a static tower: learned from the corpus, the same for Korean, Latin script and the rest.

Runs of one kind (Hangul, other letters, digits) are cut apart, so that `256기가`, `iphone7` and `270mm` share
their parts with `기가`, `iphone` and `270`; everything else, emoji included, is dropped. Hangul is decomposed into
jamo (NFD) before byte-pair merges (Sennrich et al. 2016): a frequent word is one token, and a slip in one jamo
leaves most pieces in place. No mark of a word's start is kept: 나이키에어맥스 and 나이키 에어맥스 give the same tokens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.normalizers import Normalizer
    from tokenizers.pre_tokenizers import PreTokenizer

RUNS = r"\p{Hangul}+|\p{Nd}+|(?:(?!\p{Hangul})[\p{L}\p{M}])+"
MAX_ALPHABET = 6000
MIN_FREQUENCY = 3
MAX_TOKEN_CHARS = 24
BLANK = "[pad]"
FEATURE = re.compile(r"\[[^\[\]]*\]")
"""A feature token; running text has no opening bracket where there are any."""


def train_tokenizer(texts: Sequence[str], vocab_size: int, tokens: Sequence[str] = ()) -> Tokenizer:
    """A byte-pair tokenizer of at most `vocab_size` tokens learned from search-view `texts`, and the feature `tokens`.

    Deterministic. A character outside the corpus' alphabet has no token and vanishes. Token 0 is `[pad]`, so
    that the vocabulary is never empty. With `tokens`, what stands between brackets in a text is not learned from.
    """
    from tokenizers import Tokenizer, models, trainers

    if tokens:
        texts = [FEATURE.sub(" ", text) for text in texts]

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = _pre_tokenizer()
    alphabet = _alphabet(tokenizer.normalizer.normalize_str(text) for text in texts)
    trainer = trainers.BpeTrainer(
        vocab_size=max(vocab_size, len(alphabet) + 1),
        min_frequency=MIN_FREQUENCY,
        special_tokens=[BLANK],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        max_token_length=MAX_TOKEN_CHARS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    add_tokens(tokenizer, tokens)
    return tokenizer


def add_tokens(tokenizer: Tokenizer, tokens: Sequence[str]) -> int:
    """Make each feature token (`[category:운동화]`) one token of `tokenizer`; those that it has stay. How many are new.

    They are matched in the text as it is, before lower case and jamo, and take the numbers after the last one.
    """
    added: int = tokenizer.add_tokens(added_tokens(tokens))
    return added


def added_tokens(tokens: Sequence[str]) -> list[AddedToken]:
    """The tokens as `tokenizers` adds them: matched before its normaliser, which would take case and jamo apart."""
    from tokenizers import AddedToken

    return [AddedToken(token, normalized=False) for token in tokens]


def _normalizer() -> Normalizer:
    from tokenizers import Regex, normalizers

    return normalizers.Sequence(
        [
            normalizers.NFD(),
            normalizers.Lowercase(),
            # Latin accents only: vowel signs of Thai or Devanagari are marks too and carry the word.
            normalizers.Replace(Regex("[\u0300-\u036f]+"), ""),
        ]
    )


def _pre_tokenizer() -> PreTokenizer:
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Split(Regex(RUNS), behavior="removed", invert=True)


def _alphabet(texts: Iterable[str]) -> list[str]:
    # The trainer breaks ties between rare characters at random; we choose, so that training repeats.
    counts = Counter(chain.from_iterable(texts))
    known = sorted((char for char in counts if char.isalnum() or not char.isascii()), key=lambda c: (-counts[c], c))
    return sorted(known[:MAX_ALPHABET])
