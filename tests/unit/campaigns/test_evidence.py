from semsearch.campaigns.evidence import MOST_READ, diverse, evidence, read_of
from semsearch.campaigns.marks import MOST_CHARS, Marked, Piece
from semsearch.records import Member


def member(seq, author="u1", net="shingles", strength=0.8, **more) -> Member:
    return Member(seq, "c1", f"p{seq}", 0, author, seq * 60_000_000, net, strength, **more)


def told(text, *others, tied=()):
    return Marked(text).against([Marked(other) for other in others], tied)


LEADER = "정품 명품가방 급하게 팝니다 연락 주세요"


def test_what_both_have_is_the_same_whatever_tricks_it_hides_under():
    pieces = told("명품가방 급하게 ㅍㅏㅂ니ㄷr 안녕히", LEADER)
    assert "".join(piece.text for piece in pieces if piece.same) == "명품가방 급하게 ㅍㅏㅂ니ㄷr"
    assert [piece.text for piece in pieces if piece.disguised] == ["ㅍㅏㅂ", "ㄷr"]
    assert pieces[-1] == Piece(" 안녕히", False)


def test_a_sentence_that_was_moved_is_still_the_same():
    pieces = told("연락 주세요 제발 명품가방 급하게", LEADER)
    assert [piece.text.strip() for piece in pieces if piece.same] == ["연락 주세요", "명품가방 급하게"]
    assert [piece.text.strip() for piece in pieces if not piece.same] == ["제발"]


def test_pieces_put_together_are_the_text():
    for text in (LEADER, "", " ", "ㅎㅖ어져서 팝니ㄷr ☆\n\u202e010-1234-5678\u3164", "İ" * 40, "가\u200b나" * 9):
        assert "".join(piece.text for piece in told(text, LEADER, "다른 글입니다")) == text


def test_a_contact_is_one_piece_and_the_same_only_when_it_is_tied():
    text = "문의 공일공.일이삼사-5육7팔 로"
    shown = {piece.contact: piece for piece in told(text, LEADER)}
    assert shown["phone"] == Piece("공일공.일이삼사-5육7팔", False, "phone", True)
    assert any(piece.contact and piece.same for piece in told(text, tied={"phone:01012345678"}))


def test_in_a_leader_only_what_half_of_the_others_have_is_the_same():
    others = ["명품가방 급하게", "명품가방 급하게", "전혀 다른 이야기를 합니다"]
    assert "명품가방 급하게" in [piece.text.strip() for piece in told(LEADER, *others) if piece.same]
    assert not [piece for piece in told(LEADER, others[0], others[2], others[2]) if piece.same]
    assert not [piece for piece in told(LEADER) if piece.same]


def test_a_long_text_is_cut_and_says_by_how_much():
    assert Marked("가나다 " * 1_000).n_cut == 4_000 - MOST_CHARS


def test_the_most_different_texts_are_chosen_and_each_text_is_nearest_to_one():
    a, b = "".join(map(chr, range(0xAC00, 0xAC80))), "".join(map(chr, range(0xB000, 0xB080)))
    near = a[:-1] + "!"
    assert diverse([a, near, b, a, b], 6) == [(0, 3), (2, 2)]
    assert diverse([a, a, a], 6) == [(0, 3)]
    assert diverse([a, b], 1) == [(0, 2)]
    assert diverse([], 6) == []


def test_evidence_counts_nets_contacts_and_authors():
    text = "명품가방 팝니다 010-1234-5678"
    members = [
        member(1, net="leader", strength=1.0),
        member(2, "u2", strength=0.6, disguised=True, recipient_id="r1"),
        member(3, "u2", strength=0.8, recipient_id="r1"),
        member(4, "u3", net="contact", strength=1.0, counts=False),
    ]
    found = evidence(members, {1: text, 2: text, 3: "다른 가방 이야기", 4: "카톡 abcd99 " + text})
    assert [(net.net, net.n, net.weakest, net.middle) for net in found.nets] == [
        ("shingles", 2, 0.6, 0.7),
        ("contact", 1, 1.0, 1.0),
    ]
    assert [(c.kind, c.key, c.n_posts, c.n_authors) for c in found.contacts] == [
        ("phone", "01012345678", 3, 3),
        ("messenger", "abcd99", 1, 1),
    ]
    assert [(a.author_id, a.n_posts, a.n_recipients, a.n_disguised, a.counts) for a in found.authors] == [
        ("u2", 2, 1, 1, True),
        ("u1", 1, 0, 0, True),
        ("u3", 1, 0, 0, False),
    ]
    assert (found.n_members, found.n_read, found.n_disguised, found.n_recipients) == (4, 4, 1, 1)
    assert found.samples[0].member.seq == 1
    assert sum(sample.n_like for sample in found.samples) == 4


def test_an_erased_text_is_counted_but_not_shown():
    found = evidence([member(1, net="leader"), member(2)], {2: "명품가방 팝니다"})
    assert (found.n_members, found.n_read) == (2, 1)
    assert [sample.member.seq for sample in found.samples] == [2]
    assert evidence([member(1)], {}).samples == ()


def test_of_a_huge_campaign_an_even_sample_is_read_with_its_ends():
    members = [member(seq) for seq in range(5 * MOST_READ)]
    read = read_of(members)
    assert len(read) == MOST_READ
    assert (read[0], read[-1]) == (members[0], members[-1])
    assert read_of(members[:9]) == members[:9]
