from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.unit.campaigns.made import vector

from semsearch.campaigns.hunt import Hunt
from semsearch.campaigns.joining import likeness, nets
from semsearch.campaigns.joining.nets import Contacts, Prepared
from semsearch.campaigns.joining.prepare import prepare
from semsearch.campaigns.joining.preparing import ahead, texts_of
from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored

START = datetime(2026, 3, 1, tzinfo=UTC)
REPORTED = "급처 정품 명품가방 보증서 있어요 선입금 주시면 바로 보내드려요 010-1234-5678"
DISGUISED = "급처 정품 명품가방 보증서 있어요 선입금 주시면 ㅂㅏ로 갑니다 공일공 일이삼사 오육칠팔"
SIMILAR = "급처 정품 명품가방 보증서 있어요 선입금 주시면 내일 보내드려요 직거래도 돼요"
CONTACT = "아이폰 십사 프로 미개봉 새상품 팔아요 연락 01012345678"
HONEST = "아이 옷 여러 벌 깨끗하게 입혔어요 동네에서 만나요 오만원에 드립니다"


def stored(*texts, authors=()):
    return [
        Stored(n, Post("listing", f"p{n}", authors[n] if authors else f"u{n}", START + timedelta(hours=n), text, 0))
        for n, text in enumerate(texts)
    ]


def submit(encode=None, policy=None):
    def now(texts):
        done = Future()
        done.set_result(prepare(texts, policy or CampaignSettings(), encode))
        return done

    return now


def encode(texts):
    return np.stack([vector(text) for text in texts])


def hunted(text, posts, n_best=10, leave_out="", encode=None, **policy):
    settings = CampaignSettings(**policy)
    return Hunt(text, settings, submit(encode, settings)).run([posts], n_best, leave_out)


def test_the_most_alike_come_first_and_others_do_not_come():
    found = hunted(REPORTED, stored(HONEST, SIMILAR, CONTACT, DISGUISED, REPORTED))
    assert [(each.stored.seq, each.net) for each in found.best] == [
        (4, "skeleton"), (3, "contact"), (2, "contact"), (1, "shingles"),
    ]  # fmt: skip
    assert found.seqs == (1, 2, 3, 4) and found.n_posts == 5
    assert found.best[1].shingles > 0.5 > found.best[2].shingles
    assert found.best[2].contacts == ("phone",) and found.best[3].contacts == ()
    assert found.best[3].strength == found.best[3].shingles and found.best[0].cosine is None


def test_the_reported_post_itself_is_left_out_in_all_its_revisions():
    assert hunted(REPORTED, stored(REPORTED, REPORTED), leave_out="p1").seqs == (0,)


def test_authors_are_counted_over_all_that_was_found_not_over_what_is_shown():
    posts = stored(REPORTED, HONEST, REPORTED, REPORTED, authors=["b", "b", "a", "b"])
    found = hunted(REPORTED, posts, n_best=1)
    assert [(a.author_id, a.n_posts, a.first_at.hour, a.last_at.hour) for a in found.authors] == [
        ("b", 2, 0, 3), ("a", 1, 2, 2),
    ]  # fmt: skip
    assert [each.stored.seq for each in found.best] == [0]


def test_a_contact_alone_can_be_hunted_for_but_nothing_cannot():
    assert [each.stored.seq for each in hunted("01012345678", stored(HONEST, CONTACT)).best] == [1]
    for nothing in ("", "ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ", "aaaaaaaaaaaaaaaa", "👍" * 50):
        with pytest.raises(UsageError, match="too little"):
            hunted(nothing, stored(HONEST))


def test_posts_with_too_little_in_them_are_not_like_each_other():
    assert hunted(REPORTED, stored("", "ㅋㅋㅋ", "!!!")).seqs == ()


def test_vectors_find_the_same_in_another_order():
    words = SIMILAR.split()
    turned = " ".join(words[5:] + words[:5])
    posts = stored(turned, HONEST)
    assert hunted(SIMILAR, posts, shingles=1.0).seqs in ((), (0,))
    found = hunted(SIMILAR, posts, encode=encode, shingles=1.0, support=0.0)
    assert 0 in found.seqs and found.best[0].cosine == pytest.approx(1.0, abs=0.01)


def test_batches_make_no_difference_and_ties_keep_the_order_of_the_journal():
    posts = stored(*[REPORTED, SIMILAR, DISGUISED, HONEST] * 5)
    hunt = Hunt(REPORTED, CampaignSettings(), submit())
    whole = hunt.run([posts], 50, "")
    assert hunt.run([posts[n : n + 1] for n in range(20)], 50, "") == whole
    assert [each.stored.seq for each in whole.best[:5]] == [0, 4, 8, 12, 16]


def test_a_pass_gives_every_batch_in_order_with_its_own_reading():
    batches = [stored(f"{n}번째 물건을 팝니다 사과나무 의자") for n in range(20)]
    passed = list(ahead(batches, lambda batch: submit()(texts_of(batch))))
    assert [posts for posts, _ in passed] == batches
    assert len({int(prepared.exact[0]) for _, prepared in passed}) == 20
    assert list(ahead([], submit())) == []


def handed(reported, others):
    """What hands over what was prepared before: of the reported post, then of the others."""
    left = [reported, others]

    def submit(_texts):
        done = Future()
        done.set_result(left.pop(0))
        return done

    return submit


def alike(shares, disguise=0.0, near=1.0, wary=True):
    """The reported post, and posts that share this many of its MinHashes, all as disguised and as near as told."""
    n = 1 + len(shares)
    signature = np.arange(n * nets.N_HASHES, dtype=np.uint16).reshape(n, -1)
    for row, share in enumerate(shares, 1):
        signature[row, :share] = signature[0, :share]
    vectors = np.tile(np.array([near, np.sqrt(1 - near**2)], np.float32), (n, 1))
    vectors[0] = (1.0, 0.0)
    ids = np.arange(1, n + 1, dtype=np.uint64)
    every = Prepared(
        ids, signature, nets.packed(vectors), (Contacts(),) * n, np.full(n, disguise), np.full(n, wary, np.bool_)
    )
    return every.cut(0, 1), every.cut(1, n)


def test_posts_that_are_much_disguised_join_by_little_and_are_found_by_it():
    reported, others = alike([12, 6], disguise=0.5)  # 0.15 less 0.56 * 0.5 and less for being near: the least, 0.06
    found = Hunt("", CampaignSettings(), handed(reported, others)).run([stored("", "")], 9, "")
    assert [(each.stored.seq, each.net, each.strength) for each in found.best] == [(0, "shingles", 0.1)]


def test_what_would_join_is_found_and_what_is_less_alike_besides():
    shares = list(range(0, nets.N_HASHES, 3))
    n_joining = n_found = 0
    for disguise in (0.0, 0.1, 0.5):
        for near in (0.0, 0.5, 0.9, 1.0):
            for wary in (False, True):
                reported, others = alike(shares, disguise, near, wary)
                one = likeness.Features.of(reported, np.zeros(len(shares), np.int64))
                each = likeness.Features.of(others, np.arange(len(shares)))
                joining = set(np.flatnonzero(likeness.ranks(one, each, CampaignSettings())).tolist())
                hunt = Hunt("", CampaignSettings(), handed(reported, others))
                found = set(hunt.run([stored(*shares)], 9, "").seqs)
                assert joining <= found
                n_joining, n_found = n_joining + len(joining), n_found + len(found)
    assert 0 < n_joining < n_found
