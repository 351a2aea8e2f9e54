from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from semsearch.errors import UsageError
from semsearch.settings import CampaignSettings, Settings


def test_precedence_flag_environment_file_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load(tmp_path).search.k == 10
    (tmp_path / "semsearch.toml").write_text("[search]\nk = 20\ndepth = 50\n")
    assert Settings.load(tmp_path).search.k == 20
    monkeypatch.setenv("SEMSEARCH_SEARCH__K", "30")
    loaded = Settings.load(tmp_path)
    assert (loaded.search.k, loaded.search.depth) == (30, 50)
    assert loaded.override("search", k=40, depth=None).search.k == 40


def test_import_section_is_called_import(tmp_path: Path) -> None:
    (tmp_path / "semsearch.toml").write_text('[import]\ntz = "Asia/Seoul"\n[import.items]\ntitle = "제목"\n')
    loaded = Settings.load(tmp_path).imports
    assert (loaded.tz, loaded.items) == ("Asia/Seoul", {"title": "제목"})


def test_other_variables_are_not_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMSEARCH_WORKSPACE", "x")
    assert Settings.load(tmp_path).search.k == 10


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("[search]\nkk = 1\n", "search.kk"),
        ("[serch]\nk = 1\n", "serch"),
        ("[search]\nk = 0\n", "search.k"),
        ("[", "TOML"),
        ('[index]\nencoder = "opnai"\n', "index.encoder"),
        ("[train]\nseed = -1\n", "train.seed"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, toml: str, named: str) -> None:
    (tmp_path / "semsearch.toml").write_text(toml)
    with pytest.raises(UsageError, match=named):
        Settings.load(tmp_path)


def test_a_wrong_flag_is_named_as_it_is_typed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--max-rejects(.|\n)*Next: "):
        Settings.load(tmp_path).override("imports", max_rejects=5)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SEMSEARCH_SEARCH__K", "abc", "search.k(.|\n)*Next: correct the variable SEMSEARCH_SEARCH__K"),
        ("SEMSEARCH_IMPORT__MAX_REJECTS", "5", "Next: correct the variable SEMSEARCH_IMPORT__MAX_REJECTS"),
        ("SEMSEARCH_SEARCH", "foo", "variable(.|\n)*Next: one variable a setting"),
    ],
)
def test_a_wrong_variable_is_named_and_no_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=told) as caught:
        Settings.load(tmp_path)
    assert "semsearch.toml" not in str(caught.value)


def test_every_setting_of_the_reference_table_is_read_from_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_IMPORT__TZ", "Asia/Seoul")
    monkeypatch.setenv("SEMSEARCH_TRAIN__SEED", "7")
    loaded = Settings.load(tmp_path)
    assert (loaded.imports.tz, loaded.train.seed) == ("Asia/Seoul", 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[search]\nk = "many"\n', "Setting search.k: 'many' is not a whole number."),
        ("[search]\nkk = 1\n", "Setting search.kk: there is no such setting."),
        ('[train]\nseconds = "long"\n', "Setting train.seconds: 'long' is not a number."),
        ("[search]\nk = 0\n", "Setting search.k: it should be greater than or equal to 1."),
    ],
)
def test_a_wrong_setting_is_told_in_plain_words(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "semsearch.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        Settings.load(tmp_path)
    assert caught.value.message == told


def test_loaded_settings_can_be_sent_to_another_process(tmp_path: Path) -> None:
    (tmp_path / "semsearch.toml").write_text("[campaigns]\nfloor = 9\n")
    loaded = Settings.load(tmp_path)
    assert pickle.loads(pickle.dumps(loaded)) == loaded and loaded.campaigns.floor == 9


def test_a_changed_policy_keeps_the_rest_and_says_what_is_wrong() -> None:
    policy = CampaignSettings(floor=9)
    changed = policy.changed({"chance": 0.5}, "Setting campaigns.", "it in policy.toml")
    assert (changed.floor, changed.chance, policy.chance) == (9, 0.5, 1e-6)
    with pytest.raises(UsageError, match=r"Setting campaigns\.floor: 'x' is not a number") as caught:
        policy.changed({"floor": "x"}, "Setting campaigns.", "it in policy.toml")
    assert caught.value.next_step == "Next: correct it in policy.toml"
