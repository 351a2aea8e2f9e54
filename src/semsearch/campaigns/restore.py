"""The detector of a namespace as it was after its last committed batch, built again from the journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile

from semsearch.campaigns.detector import DAY_US, Detector, arrival_of, placed
from semsearch.campaigns.growing.growth import Arrival, Growth
from semsearch.campaigns.growing.ladder import rungs_of
from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.joining.preparing import Submit, ahead, texts_of
from semsearch.records import Rulings
from semsearch.settings import CampaignSettings
from semsearch.store.campaigns import CampaignStore
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal, Stored
from semsearch.text.abuse.folding import ABUSE_VERSION


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
        """Digest of the settings and of the views that texts are read through."""
        told = f"{ABUSE_VERSION} {self.policy.model_dump_json()}"
        return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()


def restored(state: State, identity: Identity, submit: Submit, rulings: Rulings) -> Detector:
    """Go through the window's part of the journal again, in the batches in which it came.

    The tables say what belongs where, so that other settings, another encoder or other views change nothing about
    posts that were gone through. Members before the window of campaigns that live, and posts that people put
    somewhere, come first. Raises MismatchError when campaigns were found with vectors of another encoder.
    """
    detector = Detector(identity.namespace, identity.policy, identity.dim, rulings)
    cursor = state.campaigns.cursor(identity.namespace)
    if cursor is None:
        return detector
    cursor.require(identity.encoder_id)
    for batch, prepared, inside in _batches(state, identity, submit, rulings, cursor.last_seq):
        known = {member.seq: member for member in state.campaigns.members_at([each.seq for each in batch])}
        detector.recall(batch, prepared, known, inside=inside)
    detector.forget()
    detector.growth = grown(state, identity, rulings, detector.latest_us)
    return detector


def grown(state: State, identity: Identity, rulings: Rulings, latest_us: int) -> Growth:
    """Growth from the tables, members where people put them; `latest_us` is the time of the latest post."""
    since_us = latest_us - int((identity.policy.drip_days + 1) * DAY_US)
    arrivals: dict[str, list[Arrival]] = {}
    for member in state.campaigns.members(identity.namespace, since_us):
        arrivals.setdefault(placed(member, rulings), []).append(arrival_of(member))
    rungs = rungs_of(state.campaigns.alerts(identity.namespace), rulings.merged)
    return Growth.restore(identity.policy, state.campaigns.volumes(identity.namespace, since_us), arrivals, rungs)


def _batches(
    state: State, identity: Identity, submit: Submit, rulings: Rulings, last_seq: int
) -> Iterator[tuple[tuple[Stored, ...], Prepared, bool]]:
    """What has to be gone through: older members first, then the window's batches; and whether one is inside."""
    journal, policy = state.journal, identity.policy
    span_us = int(policy.window_days * DAY_US)
    first_seq = journal.window_start(identity.namespace, last_seq, span_us, policy.window_posts)
    older = {*state.campaigns.members_before(identity.namespace, first_seq)}
    for post_id in {*rulings.led, *(post_id for post_id, _ in rulings.moved)}:
        older |= {each.seq for each in journal.find(post_id, identity.namespace) if each.seq < first_seq}
    window = takewhile(lambda batch: batch[0].seq <= last_seq, journal.batches(identity.namespace, first_seq - 1))
    for batch, prepared in ahead(chain(_pages(journal, sorted(older)), window), lambda each: submit(texts_of(each))):
        yield batch, prepared, batch[0].seq >= first_seq


def _pages(journal: Journal, seqs: Sequence[int]) -> Iterator[tuple[Stored, ...]]:
    """Posts of the journal by number, in pages."""
    for start in range(0, len(seqs), 1_000):
        found = journal.get(seqs[start : start + 1_000])
        yield tuple(Stored(seq, post) for seq, post in sorted(found.items()))
