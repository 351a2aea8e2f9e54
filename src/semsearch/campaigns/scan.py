"""Scanning: posts into the journal first, then through the detector, one transaction a batch.

```
posts → Journal.append → prepare (here or in another process) → Detector.take → CampaignStore.commit
```

A batch of the journal is gone through as a whole, now or after a kill: the same batches give the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.joining.preparing import Submit, ahead, texts_of
from semsearch.campaigns.restore import Identity, State, grown, restored
from semsearch.records import Alert, Post
from semsearch.store.campaigns import Step
from semsearch.store.journal import Appended, Stored

BATCH = 1_000
"""Posts of one transaction, at most."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one batch brought."""

    appended: Appended
    n_joined: int
    """Posts that are in a campaign now."""
    alerts: tuple[Alert, ...]
    """Raised, or raised further."""


class Scan:
    """One namespace, from its last committed post on. The caller holds the namespace's lock."""

    def __init__(self, state: State, identity: Identity, submit: Submit, sinks: Sequence[str], now: datetime) -> None:
        self._state = state
        self._identity = identity
        self._submit = submit
        self._sinks = tuple(sinks)
        self._version = state.decisions.version()
        rulings = state.decisions.rulings(now, identity.namespace)
        self._detector = restored(state, identity, submit, rulings)

    @property
    def namespace(self) -> str:
        """What is scanned."""
        return self._identity.namespace

    def run(self, batches: Iterable[Sequence[Post]], clock: Callable[[], datetime]) -> Iterator[Taken]:
        """Take batches of at most `BATCH` posts; yields after each commit, in their order.

        What a kill left in the journal comes first. `clock` says by when decisions end.
        """
        left = self._state.journal.batches(self.namespace, self._done())
        for appended, prepared in ahead((_left(stored) for stored in left), self._start):
            yield self._finish(appended, prepared, clock())
        for appended, prepared in ahead(map(self._state.journal.append, batches), self._start):
            yield self._finish(appended, prepared, clock())

    def take(self, posts: Sequence[Post], now: datetime) -> Taken:
        """One batch to its end, for a stream in which nothing may wait."""
        appended = self._state.journal.append(posts)
        return self._finish(appended, self._start(appended).result(), now)

    def _start(self, appended: Appended) -> Future[Prepared]:
        return self._submit(texts_of(appended.stored))

    def _finish(self, appended: Appended, prepared: Prepared, now: datetime) -> Taken:
        if not appended.stored:
            return Taken(appended, 0, ())
        self._heed(now)
        found = self._detector.take(appended.stored, prepared)
        step = Step(
            self.namespace,
            appended.stored[-1].seq,
            self._identity.encoder_id,
            self._identity.policy_id,
            found.members,
            found.alerts,
            found.volumes,
            self._sinks,
        )
        self._state.campaigns.commit(step)
        return Taken(appended, len(found.members), found.alerts)

    def _heed(self, now: datetime) -> None:
        """Follow what people decided since the last batch; who leads whom is built again only when posts were moved."""
        version = self._state.decisions.version()
        if version == self._version:
            return
        self._version = version
        rulings = self._state.decisions.rulings(now, self.namespace)
        known, detector = self._detector.rulings, self._detector
        if (rulings.moved, rulings.led) != (known.moved, known.led):
            self._detector = restored(self._state, self._identity, self._submit, rulings)
            return
        detector.rulings = rulings
        if rulings.merged != known.merged:
            detector.growth = grown(self._state, self._identity, rulings, detector.latest_us)

    def _done(self) -> int:
        cursor = self._state.campaigns.cursor(self.namespace)
        return cursor.last_seq if cursor else 0


def _left(stored: tuple[Stored, ...]) -> Appended:
    """A batch that is in the journal already."""
    return Appended(stored[0].seq, 0, 0, 0, (), stored)
