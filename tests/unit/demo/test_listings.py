from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.demo import listings
from semsearch.errors import UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.progress import silent
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def file(folder: Path, name: str, n: int) -> str:
    (folder / name).write_text("item_id,title\n" + "".join(f"{row},의자 {row}\n" for row in range(n)))
    return str(folder / name)


def test_each_file_has_a_workspace_of_its_own(tmp_path: Path) -> None:
    few, many = file(tmp_path, "a.csv", 3), file(tmp_path, "b.csv", 4)
    assert listings.home(tmp_path, few) != listings.home(tmp_path, many)
    assert listings.home(tmp_path, few) == listings.home(tmp_path, file(tmp_path, "copy.csv", 3))


def test_a_file_that_is_too_large_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "MAX_ROWS", 3)
    place = tmp_path / "place"
    with pytest.raises(UsageError, match="up to 3 listings"):
        next(listings.tell(place, file(tmp_path, "a.csv", 4), now=NOW, progress=silent, begin=str))
    assert not place.exists()
    assert (
        next(listings.tell(place, file(tmp_path, "b.csv", 3), now=NOW, progress=silent, begin=str)).figures[0].value
        == "3"
    )


def test_some_bad_rows_are_set_aside_and_said_many_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n,what,posted\n" + "".join(f"{n},chair {n},2026-01-01\n" for n in range(9)) + "10,,\n")
    begun: list[str] = []
    maps = {"item_id": "n", "title": "what"}
    told = listings.tell(
        tmp_path / "w", str(path), now=NOW, progress=silent, begin=begun.append, maps=maps, tz="Asia/Seoul"
    )
    chapter = next(told)
    assert begun == [chapter.title]
    assert "10 rows read, 9 new items, 1 bad ones set aside." in chapter.told
    assert "1 × what: title is missing" in chapter.told
    made = Catalogue(Workspace.open(tmp_path / "w")).items()["created_at"][0]
    assert made == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert listings.home(tmp_path, str(path), maps) != listings.home(tmp_path, str(path))
    path.write_text("item_id,title\n1,a\n2,\n")
    with pytest.raises(UsageError) as error:
        next(listings.tell(tmp_path / "x", str(path), now=NOW, progress=silent, begin=str))
    assert "1 × title: title is missing" in error.value.message
    assert "semsearch demo --on" in error.value.next_step


@pytest.mark.parametrize("given", ["-", "*.csv", "none.csv"])
def test_the_demo_takes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.chdir(tmp_path)
    file(tmp_path, "a.csv", 1)
    file(tmp_path, "b.csv", 1)
    with pytest.raises(UsageError, match="Next: "):
        listings.home(tmp_path, given)
