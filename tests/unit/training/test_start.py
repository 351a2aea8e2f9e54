"""Where towers start, and what a killed run leaves for the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_shop import THINGS, at, busy, evidence, items, lesson

from semsearch.errors import Missing, UsageError
from semsearch.settings import TrainSettings
from semsearch.towers.schema.tokens import Features
from semsearch.training.start import NOTE, START, Parent, continued, kept_start, left_by_another, new_towers

pytest.importorskip("torch")


def towers(seed: int = 0) -> Any:
    return new_towers(lesson(busy(), seed=seed).subject)


def weights(model: Any) -> np.ndarray:
    return model[0].sub_modules["query"][0].embedding.weight.detach().numpy()


class Making:
    """Makes new towers and counts how often."""

    def __init__(self, seed: int = 0) -> None:
        self.n, self._seed = 0, seed

    def __call__(self) -> tuple[Any, dict[str, Any]]:
        self.n += 1
        return towers(self._seed), {"n_pairs": 7, "loss": 0.25}


def test_a_start_is_made_once_and_read_equal(tmp_path: Path) -> None:
    make = Making()
    first, facts = kept_start(tmp_path, "a", make)
    again, same = kept_start(tmp_path, "a", make)
    assert (make.n, facts, same) == (1, {"n_pairs": 7, "loss": 0.25}, facts)
    np.testing.assert_array_equal(weights(first), weights(again))
    tokens = [model[0].sub_modules["query"][0].tokenizer.encode(THINGS[0]).ids for model in (first, again)]
    assert tokens[0] == tokens[1]


def test_another_run_makes_its_own_again_and_again(tmp_path: Path) -> None:
    for n, key in enumerate("abca"):
        make = Making(seed=n)
        model, _ = kept_start(tmp_path, key, make)
        assert make.n == 1
        np.testing.assert_array_equal(weights(kept_start(tmp_path, key, make)[0]), weights(model))
        assert make.n == 1


@pytest.mark.parametrize("damage", [b"", b"{", b'{"other": 1}'])
def test_a_damaged_note_starts_anew(damage: bytes, tmp_path: Path) -> None:
    make = Making()
    kept_start(tmp_path, "a", make)
    (tmp_path / START / NOTE).write_bytes(damage)
    kept_start(tmp_path, "a", make)
    assert make.n == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Exception("No space left on device")])
def test_a_full_disk_is_told(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("sentence_transformers.SentenceTransformer.save", full)
    with pytest.raises(Missing, match="No space left") as caught:
        kept_start(tmp_path, "a", Making())
    assert "free some disk space" in caught.value.next_step
    assert not (tmp_path / START).exists()


def test_an_error_of_ours_is_no_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any, **__: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("sentence_transformers.SentenceTransformer.save", wrong)
    with pytest.raises(KeyError):
        kept_start(tmp_path, "a", Making())


def test_an_unfinished_folder_belongs_to_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "unfinished"
    assert not left_by_another(folder, "a")  # nothing was there
    (folder / "checkpoint.pt").write_bytes(b"x")
    assert not left_by_another(folder, "a")
    assert (folder / "checkpoint.pt").is_file()
    assert left_by_another(folder, "b")
    assert not (folder / "checkpoint.pt").exists()
    assert not left_by_another(folder, "b")
    assert not left_by_another(folder, "c")  # b came to nothing
    (tmp_path / "older" / START).mkdir(parents=True)
    assert left_by_another(tmp_path / "older", "a")


# --- the model that training continues from ------------------------------------------------------


def parent(until: float | None, family: str = "static", folder: Path = Path()) -> Parent:
    return Parent("m1", folder, family, Features.plain(), None if until is None else at(until))


def test_new_examples_are_mixed_with_old_ones() -> None:
    found = evidence(busy())  # 24 training examples, ten minutes apart, up to minute 230
    mixed, n = parent(160).mixed(found, TrainSettings(replay=0.5))
    assert (mixed.height, n) == (8 + 4, 4)
    assert mixed["asked_at"].is_sorted()
    assert mixed.filter(mixed["asked_at"] >= at(160)).height == 8
    assert parent(160).mixed(found, TrainSettings(replay=0.5))[0].equals(mixed)
    assert not parent(160).mixed(found, TrainSettings(replay=0.5, seed=1))[0].equals(mixed)


@pytest.mark.parametrize(("replay", "n"), [(0.0, 0), (1.0, 8), (50.0, 16)])
def test_there_are_no_more_old_ones_than_there_are(replay: float, n: int) -> None:
    mixed, replayed = parent(160).mixed(evidence(busy()), TrainSettings(replay=replay))
    assert (replayed, mixed.height) == (n, 8 + n)


def test_all_is_new_to_a_model_that_never_saw_a_log() -> None:
    mixed, replayed = parent(None).mixed(evidence(busy()), TrainSettings())
    assert (mixed.height, replayed) == (24, 0)


def test_nothing_newer_is_an_error() -> None:
    with pytest.raises(UsageError, match="2026-01-01 03:51") as caught:
        parent(231).mixed(evidence(busy()), TrainSettings())
    assert "newer log" in caught.value.next_step


def test_a_parent_of_the_other_family(tmp_path: Path) -> None:
    towers().save(str(tmp_path / "m"), create_model_card=False)
    same = continued(parent(None, folder=tmp_path / "m"), TrainSettings(dim=8))
    np.testing.assert_array_equal(weights(same), weights(towers()))
    with pytest.raises(UsageError, match="static model") as caught:
        continued(parent(None), TrainSettings(family="transformer"))
    assert "--continue --family static" in caught.value.next_step


def test_towers_of_a_schema_know_its_tokens() -> None:
    region = {"column": "region_id", "type": "category", "min_count": 1}
    listing = {"type": "text", "transform": "listing"}
    spoken = {
        "query": {"of": "query", "features": {"text": {"column": "query", "type": "text"}, "region": region}},
        "item": {"features": {"region": region, "listing": listing}},
    }
    stock = items(region_id=["11"] * 12)
    model = new_towers(lesson(busy(region_id="11"), spoken, stock=stock).subject)
    tokenizer = model[0].sub_modules["query"][0].tokenizer
    assert len(tokenizer.encode("[region:11]", add_special_tokens=False).ids) == 1
    assert weights(model).shape == (tokenizer.get_vocab_size(), 2 * 8)
