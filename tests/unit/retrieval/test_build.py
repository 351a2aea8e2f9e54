"""Building a release: same inputs, same id; nothing half-made; every identity held."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import tiny_market as market
from tiny_market import NOW

from semsearch.errors import Damaged, MismatchError, MissingPart, UsageError
from semsearch.index.release import FORMAT, Damage, Release, dense_kind, verify_release
from semsearch.records import Region, schema
from semsearch.retrieval.build import encode_items
from semsearch.settings import IndexSettings
from semsearch.text.analyser import Analyser
from semsearch.text.lexicons import Group, Lexicon
from semsearch.workspace import Workspace


class LongTitles(market.Titles):
    def as_dict(self):
        return {"title_chars": 999}


@pytest.fixture
def fresh(tmp_path):
    return Workspace.create(tmp_path / "w")


def opened(workspace, manifest):
    return Release.open(manifest, workspace.release_path(manifest.release_id))


def test_a_manifest_says_what_it_pins(release):
    manifest = release.manifest
    # 9 items; 2 copies of chair, 2 of lamp, 아이폰 has no vector: 9 - 1 - 1 - 1
    assert (manifest.n_items, manifest.n_vectors, manifest.dim, manifest.dense_kind) == (9, 6, 3, "exact")
    assert (manifest.encoder_id, manifest.model_id, manifest.regions_digest) == ("axes1", "m1", "g1")
    assert manifest.format == FORMAT
    assert manifest.lexical_id == release.lexical.lexical_id
    assert set(manifest.files) >= {"items.parquet", "rows.jsonl", "dense/vectors.npy", "alive/status.npy"}


def test_same_inputs_same_release(fresh):
    class MustNotRun(market.Axes):
        def encode_items(self, texts):
            raise AssertionError("encoded again")

    one = market.build(fresh)
    assert market.build(fresh, encoder=MustNotRun()) == one
    assert [m.release_id for m in fresh.releases()] == [one.release_id]


@pytest.mark.parametrize("name", ["manifest.json", "dense/vectors.npy", "lexical/terms.txt"])
@pytest.mark.parametrize("damage", [None, b"{"])
def test_a_damaged_release_is_built_again(fresh, name, damage):
    one = market.build(fresh)
    path = fresh.release_path(one.release_id) / name
    path.unlink()
    if damage:
        path.write_bytes(damage)
    assert market.build(fresh) == one
    assert verify_release(fresh.manifest(one.release_id), fresh.release_path(one.release_id)) == ()


def test_same_inputs_in_another_workspace_give_the_same_bytes(fresh, tmp_path):
    other = Workspace.create(tmp_path / "other")
    assert market.build(fresh) == market.build(other)


@pytest.mark.parametrize(
    "change",
    [
        {"items_digest": "other"},
        {"regions_digest": "other"},
        {"model_id": "m2"},
        {"pipeline": "vintage"},
        {"settings": IndexSettings(dense="hnsw")},
        {"template": LongTitles()},
        {"analyser": Analyser(Lexicon([Group("synonyms", ("phone", "telephone"))]))},
    ],
)
def test_other_inputs_another_release(fresh, change):
    assert market.build(fresh).release_id != market.build(fresh, **change).release_id


def test_a_region_is_found_by_the_last_words_of_its_name(fresh):
    names = {
        "0101": "서울 강남구 역삼동",
        "0102": "서울 강남구 삼성동",
        "0201": "서울 중구 신당동",
        "0301": "대구 중구 신당동",
    }
    table = [{"region_id": i, "name": name, "neighbour_ids": []} for i, name in names.items()]
    manifest = market.build(fresh, regions=pl.DataFrame(table, schema=schema(Region)), regions_digest="g2")
    regions = Release.open(manifest, fresh.release_path(manifest.release_id)).regions
    assert regions.near("역삼동") == ("0101",)
    assert regions.near("강남구 삼성동") == ("0102",)
    with pytest.raises(UsageError, match=r"2 regions are called '신당동': 서울 중구 신당동 \(0201\)") as several:
        regions.near("신당동")
    assert several.value.next_step == "Next: --near 0201"
    with pytest.raises(UsageError, match="No region '삼동'") as unknown:
        regions.near("삼동")
    assert unknown.value.next_step.startswith("Next: --near 0")


def test_a_release_serves_after_the_catalogue_changed(fresh):
    manifest = market.build(fresh)
    market.build(fresh, items=market.ITEMS[:2])
    release = opened(fresh, manifest)
    assert len(release.rows) == 9
    assert release.items.collect().height == 9
    assert release.regions.near("역삼동") == ("011", "012")


def test_a_build_that_fails_leaves_nothing(fresh):
    class Broken(market.Axes):
        def encode_items(self, texts):
            return np.full((len(texts), 3), np.nan, np.float32)

    with pytest.raises(UsageError, match="not finite"):
        market.build(fresh, encoder=Broken())
    assert fresh.releases() == []
    assert list(fresh.path("releases").iterdir()) == []


def test_an_encoder_of_the_wrong_shape_is_refused(fresh):
    class Short(market.Axes):
        def encode_items(self, texts):
            return super().encode_items(texts)[:-1]

    with pytest.raises(UsageError, match="returned shape"):
        market.build(fresh, encoder=Short())


def test_no_items_and_bad_ids_are_refused(fresh):
    with pytest.raises(MissingPart, match="import items"):
        market.build(fresh, items=[])
    with pytest.raises(UsageError, match="each id once"):
        market.build(fresh, items=[market.ITEMS[0], market.ITEMS[0]])


def test_equal_texts_are_encoded_once_and_empty_ones_never():
    seen = []

    class Watching(market.Axes):
        def encode_items(self, texts):
            seen.extend(texts)
            return super().encode_items(texts)

    vectors = encode_items(["lamp", "", "chair", "lamp"], Watching())
    assert seen == ["lamp", "chair"]
    assert vectors.vector_of.tolist() == [0, -1, 1, 0]


@pytest.mark.parametrize(("n", "kind"), [(1, "exact"), (50_000, "exact"), (50_001, "hnsw")])
def test_auto_chooses_by_size(n, kind):
    assert dense_kind("auto", n) == kind
    assert dense_kind("exact", n) == "exact"
    assert dense_kind("hnsw", n) == "hnsw"


def test_verify_names_every_damage(fresh):
    manifest = market.build(fresh, settings=IndexSettings(dense="hnsw"))
    folder = fresh.release_path(manifest.release_id)
    assert verify_release(manifest, folder) == ()
    (folder / "dense" / "hnsw.bin").write_bytes(b"rot")
    (folder / "rows.npy").unlink()
    (folder / "stray.txt").write_text("")
    assert verify_release(manifest, folder) == (
        Damage("dense/hnsw.bin", "changed"),
        Damage("rows.npy", "missing"),
        Damage("stray.txt", "unknown"),
    )


def test_parts_of_another_release_are_refused(fresh):
    manifest = market.build(fresh)
    release = opened(fresh, replace(manifest, encoder_id="axes2"))
    with pytest.raises(Damaged, match="dense index has axes1"):
        _ = release.vectors
    with pytest.raises(Damaged, match="lexical index"):
        _ = opened(fresh, replace(manifest, lexical_id="other")).lexical
    with pytest.raises(Damaged, match="items has 9"):
        _ = opened(fresh, replace(manifest, n_items=8)).rows
    with pytest.raises(MismatchError, match="format 99"):
        opened(fresh, replace(manifest, format=99))


def test_a_cut_item_file_is_refused(fresh):
    manifest = market.build(fresh)
    path = fresh.release_path(manifest.release_id) / "rows.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Damaged, match=r"rows\.jsonl changed"):
        opened(fresh, manifest)
    with pytest.raises(Damaged, match="index build --publish"):
        _ = opened(fresh, replace(manifest, sizes={})).rows


def test_items_with_any_text_are_shown_as_written(fresh):
    titles = ['a "quote"\n two\tlines', "줄\u2028바꿈", "emoji 🪑", "back\\slash"]
    items = [market.item(f"x{i}", title) for i, title in enumerate(titles)]
    rows = opened(fresh, market.build(fresh, items=items)).rows
    assert [rows[i]["title"] for i in range(4)] == titles
    assert [rows.find(f"x{i}") for i in range(4)] == [0, 1, 2, 3]
    assert rows.find("x") is None
    assert rows.find("x9") is None


def test_ids_are_found_in_text_order(fresh):
    items = [market.item(i, "lamp") for i in ("10", "9", "010", "가", "나", "Z", "a")]
    rows = opened(fresh, market.build(fresh, items=items)).rows
    assert all(rows[rows.find(i)]["item_id"] == i for i in ("10", "9", "010", "가", "나", "Z", "a"))


def test_a_candidate_opens_by_id_before_it_is_published(fresh):
    one, two = market.build(fresh), market.build(fresh, items=market.ITEMS[:2])
    with fresh.writing():
        fresh.publish(one.release_id, "default", now=NOW)
    assert fresh.current().n_items == 9
    assert len(opened(fresh, fresh.manifest(two.release_id)).rows) == 2


def test_the_manifest_on_disk_is_the_one_returned(fresh):
    manifest = market.build(fresh)
    raw = json.loads((fresh.release_path(manifest.release_id) / "manifest.json").read_text(encoding="utf-8"))
    assert raw["files"] == manifest.files
    assert fresh.manifest(manifest.release_id) == manifest


def test_a_cut_or_missing_file_is_named_and_never_a_crash(fresh):
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import SearchSettings

    manifest = market.build(fresh, settings=IndexSettings(dense="hnsw"))
    folder = fresh.release_path(manifest.release_id)
    noticed = set()
    for name in manifest.files:
        content = (folder / name).read_bytes()
        for damage in (None, content[: len(content) // 2]):
            (folder / name).unlink()
            if damage is not None:
                (folder / name).write_bytes(damage)
            with pytest.raises(Damaged, match="index build --publish"):
                opened(fresh, manifest)
            searcher = Searcher(opened(fresh, replace(manifest, sizes={})), market.Axes, SearchSettings())
            try:  # a release of an earlier semsearch has no sizes
                searcher.search("phone", now=NOW, where="price > 0", near_region="011")
            except Damaged as error:
                assert error.next_step == "Next: semsearch index build --publish"
                noticed.add(name)
            (folder / name).write_bytes(content)
    assert noticed >= {
        n for n in manifest.files if n.endswith((".npy", ".bin", "rows.jsonl", "regions.json", "meta.json"))
    }


def test_a_release_that_another_build_made_meanwhile_stays(fresh):
    """The second build begins before the first has ended: what stands by then may serve already."""

    class Overtaken(market.Axes):
        def encode_items(self, texts):
            market.build(fresh)
            self.stood = next(fresh.path("releases").iterdir()).stat().st_ino
            return super().encode_items(texts)

    overtaken = Overtaken()
    made = market.build(fresh, encoder=overtaken)
    assert fresh.release_path(made.release_id).stat().st_ino == overtaken.stood
