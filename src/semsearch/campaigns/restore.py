"""The detector of a namespace as it was after its last committed batch, built again from the journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

from semsearch.campaigns.detector import DAY_US, Detector, arrival_of, placed
from semsearch.campaigns.growth import Arrival, Growth
from semsearch.campaigns.ladder import rungs_of
from semsearch.campaigns.preparing import Submit, ahead, texts_of
from semsearch.records import Rulings
from semsearch.settings import CampaignSettings
from semsearch.store.campaigns import CampaignStore
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal, Stored


@dataclass(frozen=True, slots=True)
class State:
    """The parts of the store that scanning reads and writes."""

    journal: Journal
    campaigns: CampaignStore
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class Identity:
    """What decides what a namespace's campaigns are."""

    namespace: str
    policy: CampaignSettings
    encoder_id: str
    """Empty without an encoder: that net is off."""
    dim: int

    @property
    def policy_id(self) -> str:
        """Digest of the settings."""
        return hashlib.blake2b(self.policy.model_dump_json().encode(), digest_size=6).hexdigest()


def restored(state: State, identity: Identity, submit: Submit, rulings: Rulings) -> Detector:
    """Go through the window's part of the journal again, in the batches in which it came, and keep nothing.

    Leaders of campaigns that live but began before the window are led in first. Raises MismatchError when vectors of
    another encoder are what campaigns were found with.
    """
    detector = Detector(identity.namespace, identity.policy, identity.dim, rulings)
    cursor = state.campaigns.cursor(identity.namespace)
    if cursor is None:
        return detector
    cursor.require(identity.encoder_id)
    span_us = int(identity.policy.window_days * DAY_US)
    first_seq = state.journal.window_start(identity.namespace, cursor.last_seq, span_us, identity.policy.window_posts)
    older = state.campaigns.leaders_before(identity.namespace, first_seq)
    known = takewhile(
        lambda batch: batch[0].seq <= cursor.last_seq, state.journal.batches(identity.namespace, first_seq - 1)
    )
    for batch, prepared in ahead(chain(_pages(state.journal, older), known), lambda batch: submit(texts_of(batch))):
        detector.recall(batch, prepared)
    detector.growth = _growth(state, identity, rulings, detector.latest_us)
    return detector


def _growth(state: State, identity: Identity, rulings: Rulings, latest_us: int) -> Growth:
    """Growth from the tables, members where people put them."""
    since_us = latest_us - int((identity.policy.drip_days + 1) * DAY_US)
    arrivals: dict[str, list[Arrival]] = {}
    for member in state.campaigns.members(identity.namespace, since_us):
        arrivals.setdefault(placed(member, rulings), []).append(arrival_of(member))
    rungs = rungs_of(state.campaigns.alerts(identity.namespace), rulings.merged)
    return Growth.restore(identity.policy, state.campaigns.volumes(identity.namespace), arrivals, rungs)


def _pages(journal: Journal, seqs: Sequence[int]) -> Iterator[tuple[Stored, ...]]:
    """Posts of the journal by number, in pages."""
    for start in range(0, len(seqs), 1_000):
        found = journal.get(seqs[start : start + 1_000])
        yield tuple(Stored(seq, post) for seq, post in sorted(found.items()))
