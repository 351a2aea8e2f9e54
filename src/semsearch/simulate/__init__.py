"""A made second-hand market with the truth beside it: `market(n_items, seed, lang)`.

For demo, tests and bench only; no job imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semsearch.simulate.assemble import Market, market

__all__ = ["Market", "market"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'semsearch.simulate' has no attribute '{name}'")
    from semsearch.simulate import assemble

    return getattr(assemble, name)
