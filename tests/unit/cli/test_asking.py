"""What was spent is told, and that it is unknown where nobody named a price."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from semsearch.cli.asking import cost_of, priced, tell_cost
from semsearch.settings import Settings

ASKER: Any = SimpleNamespace(n_calls=3, n_cached=0, spent_usd=0.0)


def test_what_nobody_named_a_price_of_is_not_free(capsys: pytest.CaptureFixture[str]) -> None:
    def known(url: str, **more: Any) -> bool:
        return priced(Settings.model_validate({"llm": {"base_url": url, "small": "m", **more}}).llm, "m")

    assert known("http://127.0.0.1:1/v1") and not known("https://models.example/v1")
    assert known("https://models.example/v1", prices={"m": {"input": 0, "output": 0}})
    tell_cost(ASKER, known=False)
    assert "spent unknown" in capsys.readouterr().err
    assert (cost_of(ASKER, known=False)["spent_usd"], cost_of(ASKER)["spent_usd"]) == (None, 0.0)
