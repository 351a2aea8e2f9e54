"""One pass over posts of the journal: each batch with what the nets read of it, prepared ahead in other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future

from semsearch.campaigns.nets import Prepared
from semsearch.campaigns.preparing import Submit
from semsearch.store.journal import Stored

_AHEAD = 6
"""Batches that are being prepared while an earlier one is gone through."""


def passing(batches: Iterable[Sequence[Stored]], submit: Submit) -> Iterator[tuple[Sequence[Stored], Prepared]]:
    """The batches in their order, with what the nets read of them."""
    ahead: deque[tuple[Sequence[Stored], Future[Prepared]]] = deque()
    for batch in batches:
        ahead.append((batch, submit([each.post.text for each in batch])))
        if len(ahead) > _AHEAD:
            posts, prepared = ahead.popleft()
            yield posts, prepared.result()
    for posts, prepared in ahead:
        yield posts, prepared.result()
