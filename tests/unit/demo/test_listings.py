from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.demo import listings
from semsearch.errors import UsageError
from semsearch.progress import silent

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
        next(listings.tell(place, file(tmp_path, "a.csv", 4), now=NOW, progress=silent))
    assert not place.exists()
    assert next(listings.tell(place, file(tmp_path, "b.csv", 3), now=NOW, progress=silent)).figures[0].value == "3"


@pytest.mark.parametrize("given", ["-", "*.csv", "none.csv"])
def test_the_demo_takes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.chdir(tmp_path)
    file(tmp_path, "a.csv", 1)
    file(tmp_path, "b.csv", 1)
    with pytest.raises(UsageError, match="Next: "):
        listings.home(tmp_path, given)
