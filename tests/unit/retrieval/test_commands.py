"""`search`, `similar`, `why`, `index`, `release`, as a person types them."""

from __future__ import annotations

import json

import pytest
import tiny_market as market
from typer.testing import CliRunner

from semsearch import wiring
from semsearch.cli.app import app
from semsearch.errors import Damaged, FilterError, MissingPart, MissingWorkspace, Refused, UsageError
from semsearch.health import doctor
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard, encoder_id, opened_id
from semsearch.towers.template import ItemTemplate
from semsearch.workspace import Workspace


def axes_of(workspace, model_id, settings):
    """The axes, named by the model's folder where there is one."""
    encoder, folder = market.Axes(), workspace.model_path(model_id)
    encoder.encoder_id = opened_id(folder) if folder.is_dir() else market.Axes.encoder_id
    return encoder


@pytest.fixture(autouse=True)
def axes(monkeypatch):
    monkeypatch.setattr(wiring.serving, "open_encoder", axes_of)
    monkeypatch.setattr(wiring.building, "_segmenter", lambda *_arguments: None)  # Kiwi takes seconds to load


@pytest.fixture
def run(workspace):
    def call(*arguments, at=workspace):
        result = CliRunner().invoke(app, [*arguments, "-w", str(at.root)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_search_in_every_output_mode(run):
    table = run("search", "phone", "--k", "2")
    assert table.exit_code == 0
    assert "phone phone lamp" in table.stdout
    assert "100 USD" in table.stdout
    assert "역삼동" in table.stdout
    document = json.loads(run("search", "phone", "--k", "2", "--json").stdout)
    assert [hit["rank"] for hit in document["hits"]] == [1, 2]
    assert document["mode"] == "hybrid"
    lines = run("search", "phone", "--k", "2", "--jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == document["hits"]


def test_search_explains(run):
    result = run("search", "dkdlvhs", "--explain")
    assert "keyboard: dkdlvhs → 아이폰" in result.stderr
    assert "아이폰" in result.stdout
    assert "lexical" in result.stdout


def test_an_empty_query_prints_nothing_and_says_why(run):
    result = run("search", "")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no letters or digits" in result.stderr
    assert json.loads(run("search", "🪑", "--json").stdout)["hits"] == []


def test_filters_reach_the_search(run):
    found = json.loads(run("search", "phone", "--json", "--where", "price > 150", "--near", "역삼동").stdout)["hits"]
    assert [hit["item_id"] for hit in found] == ["a2"]
    sold = json.loads(run("search", "chair lamp", "--json", "--all").stdout)["hits"]
    assert "a5" in [hit["item_id"] for hit in sold]


def test_a_bad_filter_shows_a_caret(run):
    with pytest.raises(FilterError) as caught:
        run("search", "phone", "--where", "price < 5 and prise > 1")
    assert str(caught.value).splitlines()[1:3] == ["  price < 5 and prise > 1", "                ^"]
    assert "\nNext: " in caught.value.next_step


def test_words_of_a_query_need_no_quotes(run):
    assert json.loads(run("search", "phone", "lamp", "--json").stdout)["query"] == "phone lamp"


def test_an_answer_without_hits_names_the_next_step(run):
    assert "Next: semsearch search -w" in run("search", "🪑").stderr
    nobody = run("search", "phone lamp", "--where", "price > 999").stderr
    assert "No item passes" in nobody and nobody.rstrip().endswith("'phone lamp' --all")
    assert "ITEM_ID, for an item" in run("search", "zzzz", "--mode", "lexical").stderr


def test_what_is_served_already_is_not_to_be_published(run, shop):
    first = run("index", "build", at=shop)
    assert "release publish" in first.stderr
    release_id = shop.releases()[0].release_id
    published = run("release", "publish", release_id, at=shop)
    assert published.stderr.rstrip().endswith(" phone") and "previous  none" in published.stdout
    again = run("index", "build", at=shop)
    assert "release publish" not in again.stderr and again.stderr.rstrip().endswith(" phone")


def test_markup_in_a_title_is_text(tmp_path, run):
    made = Workspace.create(tmp_path)
    manifest = market.build(made, items=[market.item("x", "[red]phone[/red] [link=x]")])
    assert "[red]phone[/red]" in run("search", "phone", "--release", manifest.release_id, at=made).stdout


def test_similar(run):
    assert "chair" in run("similar", "a5").stdout
    document = json.loads(run("similar", "a5", "--json").stdout)
    assert document["by"] == "dense"
    assert [hit["n_same"] for hit in document["hits"]] == [1, 2, 1, 1, 1]  # a7 has been created by now
    with pytest.raises(UsageError, match="no item"):
        run("similar", "nope")


def test_why(run):
    text = run("why", "phone", "a6").stdout
    assert "alive: it ended at 2024-01-01" in text
    document = json.loads(run("why", "phone", "a1", "--json").stdout)
    assert document["in_release"] is True
    assert document["dense"]["rank"] == 1
    with pytest.raises(UsageError, match="nor the catalogue"):
        run("why", "phone", "nope")


def test_why_shows_every_step(run):
    steps = json.loads(run("why", "dkdlvhs dkdlvhs cndwjsrl", "a1", "--json").stdout)["steps"]
    shown = run("why", "dkdlvhs dkdlvhs cndwjsrl", "a1").stdout
    assert len(steps) > len({step["kind"] for step in steps})
    assert all(f"{step['before']} → {step['after']}" in shown for step in steps)


def test_nothing_published_and_no_workspace(tmp_path, run):
    with pytest.raises(MissingPart, match="index build --publish"):
        run("search", "phone", at=Workspace.create(tmp_path / "empty"))
    with pytest.raises(MissingWorkspace):
        run("search", "phone", at=Workspace(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="No release"):
        run("search", "phone", "--release", "r0")


@pytest.fixture
def shop(tmp_path, run):
    """A workspace with a catalogue and a model card, not yet indexed."""
    made = Workspace.create(tmp_path / "shop")
    rows = [{"item_id": i["item_id"], "title": i["title"], "price": i.get("price")} for i in market.ITEMS]
    source = tmp_path / "items.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert run("import", "items", str(source), at=made).exit_code == 0
    folder = made.model_path("m1")
    folder.mkdir()
    (folder / "weights").write_bytes(b"axes")
    identity = encoder_id(folder, ItemTemplate(), VIEWS_VERSION)
    ModelCard("m1", identity, "static", 3, ItemTemplate(), VIEWS_VERSION, "").write(folder)
    made.choose_model("m1")
    return made


def test_from_a_catalogue_to_answers_and_back(run, shop, tmp_path):
    first = json.loads(run("index", "build", "--json", at=shop).stdout)
    assert (first["state"], first["n_items"]) == ("candidate", 9)
    with pytest.raises(MissingPart):
        run("search", "phone", at=shop)
    assert json.loads(run("search", "phone", "--release", first["release_id"], "--json", at=shop).stdout)["hits"]

    run("release", "publish", first["release_id"], at=shop)
    assert json.loads(run("index", "info", "--json", at=shop).stdout)["state"] == "current"

    more = tmp_path / "more.jsonl"
    more.write_text('{"item_id": "b1", "title": "phone stand", "price": 5}\n')
    run("import", "items", str(more), at=shop)
    late = json.loads(run("why", "phone", "b1", "--json", at=shop).stdout)
    assert late["in_release"] is False
    assert "index build" in late["reasons"][0]

    second = json.loads(run("index", "build", "--publish", "--json", at=shop).stdout)
    assert (second["state"], second["n_items"]) == ("current", 10)
    states = {row["release_id"]: row["state"] for row in json.loads(run("release", "list", "--json", at=shop).stdout)}
    assert states == {first["release_id"]: "earlier", second["release_id"]: "current"}

    back = json.loads(run("release", "rollback", "--json", at=shop).stdout)
    assert back["current"] == first["release_id"]
    assert first["release_id"] in run("release", "list", at=shop).stdout
    assert (
        "dense/vectors.npy"
        in json.loads(run("release", "show", first["release_id"], "--json", at=shop).stdout)["files"]
    )
    with pytest.raises(MissingPart, match="no earlier release"):
        run("release", "rollback", at=shop)


def test_building_twice_is_building_once(run, shop):
    one = json.loads(run("index", "build", "--json", at=shop).stdout)
    assert json.loads(run("index", "build", "--json", at=shop).stdout) == one
    assert len(shop.releases()) == 1


def test_verify(run, shop):
    built = json.loads(run("index", "build", "--publish", "--json", at=shop).stdout)
    assert run("index", "verify", at=shop).exit_code == 0
    path = shop.release_path(built["release_id"]) / "dense" / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(Refused, match=r"changed  dense/vectors\.npy") as caught:
        run("index", "verify", at=shop)
    assert caught.value.exit_code == 3


def test_a_cut_file_is_one_answer_everywhere(run, shop):
    built = json.loads(run("index", "build", "--publish", "--json", at=shop).stdout)
    path = shop.release_path(built["release_id"]) / "lexical" / "terms.txt"
    path.write_bytes(path.read_bytes()[:20])
    for command in (("search", "phone"), ("similar", "a1"), ("why", "phone", "a1"), ("index", "verify")):
        with pytest.raises(Damaged, match=r"is damaged:\s+(changed\s+)?lexical/terms\.txt") as caught:
            run(*command, at=shop)
        assert (caught.value.exit_code, caught.value.next_step) == (3, "Next: semsearch index build --publish")
    told = run("status", at=shop).stderr
    assert "is damaged: lexical/terms.txt changed" in told and "Next: semsearch index build" in told
    run("index", "build", "--publish", at=shop)
    assert run("search", "phone", at=shop).exit_code == 0
    (path.parent.parent / "manifest.json").write_text("{")
    with pytest.raises(Damaged, match=r"manifest\.json"):
        run("search", "phone", at=shop)
    run("index", "build", "--publish", at=shop)
    assert run("search", "phone", at=shop).exit_code == 0


def test_verify_and_doctor_look_at_the_model(run, shop):
    run("index", "build", "--publish", at=shop)
    weights = shop.model_path("m1") / "weights"
    weights.write_bytes(b"sexa")
    with pytest.raises(Refused, match="changed  models/m1"):
        run("index", "verify", at=shop)
    assert [check.detail.split(": ")[-1] for check in doctor(shop.root) if not check.ok] == ["models/m1 changed"]
    weights.unlink()
    (shop.model_path("m1") / "semsearch.json").unlink()
    shop.model_path("m1").rmdir()
    with pytest.raises(Refused, match="missing  models/m1"):
        run("index", "verify", at=shop)


def test_building_without_items_or_model(run, tmp_path, shop):
    with pytest.raises(MissingPart, match="import items"):
        run("index", "build", at=Workspace.create(tmp_path / "bare"))
    with pytest.raises(MissingPart, match="semsearch train"):
        run("index", "build", "--pipeline", "vintage", at=shop)
    assert run("index", "build", "--dense", "magic", at=shop).exit_code == 2
