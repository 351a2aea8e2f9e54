"""The rival: repeatable, and able to tell a style apart in Korean and in English."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.spam.kept import Labelled
from semsearch.spam.worth.baseline import Baseline

NOW = datetime(2026, 3, 1, tzinfo=UTC)
THINGS = ("자전거", "소파", "책상", "카메라", "bike", "sofa", "desk", "camera")
OTHERS = ("시계", "냄비", "watch", "kettle")


def posts(side: str, texts: list[str]) -> tuple[Post, ...]:
    return tuple(Post("listing", f"{side}{n}", f"{side}{n}", NOW, text) for n, text in enumerate(texts))


def sample() -> Labelled:
    ordinary = [f"이사 가느라 {thing} 내놓아요. 2년 썼어요" for thing in THINGS]
    return Labelled(posts("o", ordinary), posts("s", [f"{thing} 도매가 대량 문의 환영!! 당일발송" for thing in THINGS]))


def test_style_carries_over_to_other_things():
    baseline = Baseline.fit(sample())
    sellers = baseline.chances([f"{thing} 대량 도매 문의, 당일발송 가능" for thing in OTHERS])
    ordinary = baseline.chances([f"{thing} 2년 쓰다 이사 때문에 내놓아요" for thing in OTHERS])
    assert sellers.min() > 0.5 > ordinary.max()


def test_equal_samples_give_equal_chances_and_blank_posts_teach_nothing():
    whole = sample()
    blank = Labelled(whole.ordinary + posts("b", ["", "  "]), whole.sellers)
    texts = ["도매 문의", "2년 썼어요", ""]
    first, again, with_blank = (Baseline.fit(each).chances(texts) for each in (whole, sample(), blank))
    assert np.array_equal(first, again) and np.array_equal(first, with_blank)
    assert Baseline.fit(whole).chances([]).shape == (0,)


@pytest.mark.parametrize("sellers", [(), posts("b", [" "])])
def test_one_side_alone_is_refused(sellers):
    with pytest.raises(UsageError, match="one side only") as refused:
        Baseline.fit(Labelled(sample().ordinary, sellers))
    assert refused.value.next_step.startswith("Next: semsearch spam learn")
