from __future__ import annotations

import pytest

from semsearch.text.numbers import canonical


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        ("256기가", "256gb"),
        ("256 gb", "256gb"),
        ("256g", "256gb"),
        ("300g", "300g"),
        ("270mm", "270mm"),
        ("27인치", "27inch"),
        ('27"', "27inch"),
        ("15만5천", "155000"),
        ("15만5천원", "155000"),
        ("15만 5천원에", "155000 에"),
        ("15만5", "155000"),
        ("155,000원", "155000"),
        ("1억2천만원", "120000000"),
        ("2억 3,500만원", "235000000"),
        ("15.5만", "155000"),
        ("256기가짜리", "256gb 짜리"),
        ("usb 3.0", "usb 3"),
    ],
)
def test_one_spelling(raw, same):
    assert canonical(raw) == same


@pytest.mark.parametrize(
    "text", ["7 in 1", "1.2.3", "10,20", "3만두", "2천년", "rtx2060", "802.11b", "s24 ultra", "4k"]
)
def test_what_is_no_amount_stays(text):
    assert canonical(text) == text
