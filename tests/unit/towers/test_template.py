from __future__ import annotations

import json

import polars as pl

from semsearch.towers.template import ItemTemplate, cut

ROW = {
    "title": "Dell Latitude  E6400",
    "body": "A Notebook.",
    "category": "Electronics > Computers > Laptops",
    "attributes": json.dumps({"brand": "DELL", "colour": "Matte Black", "wifi": "Y", "weight": "2.1"}),
}


def test_title_attributes_category_body_and_names_in_the_search_view() -> None:
    bare = ItemTemplate(n_attributes=0, n_names=0)
    assert bare.text(ROW) == "dell latitude e6400 computers laptops a notebook."
    full = ItemTemplate(n_attributes=3, n_names=2).text(ROW)
    assert full == "dell latitude e6400 matte black computers laptops a notebook. colour weight"


def test_a_brand_that_the_title_lacks_is_added() -> None:
    row = {"title": "르쿠르제 냄비", "attributes": {"brand": "Le Creuset", "made_of": "iron"}}
    assert ItemTemplate(n_attributes=0).text(row) == "르쿠르제 냄비 le creuset made of"


def test_missing_columns_and_nulls_are_nothing() -> None:
    frame = pl.DataFrame({"title": ["Fan", None], "body": [None, None]}, schema={"title": pl.String, "body": pl.String})
    assert ItemTemplate().texts(frame) == ["fan", ""]


def test_long_parts_end_with_a_whole_word() -> None:
    assert cut("usb hub four", 9) == "usb hub"
    assert cut("usb hub", 7) == "usb hub"
    assert cut("나이키에어맥스", 3) == "나이키"
    assert len(ItemTemplate().text({"title": "x " * 5000, "body": "y " * 5000})) <= 701
