"""A lexicon of any surfaces is read back as it was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from semsearch.text.lexicons import KINDS, Group, Lexicon

SURFACES = st.lists(
    st.text(min_size=1) | st.sampled_from(["a\tb", "a\nb", "a\u2028b", "\x0b", '"', "나이키"]), min_size=1
)


@given(st.lists(st.builds(Group, st.sampled_from(KINDS), SURFACES.map(tuple)), max_size=5))
def test_a_lexicon_survives_its_text(groups):
    lexicon = Lexicon(groups)
    assert Lexicon.from_text(lexicon.to_text()).groups == lexicon.groups
