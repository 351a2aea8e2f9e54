"""From texts to what the nets read: views, keys, vectors. Pure, so that it can run in another process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from semsearch.campaigns.joining import nets
from semsearch.campaigns.joining.nets import Contacts, Prepared
from semsearch.campaigns.ties import leads_elsewhere
from semsearch.settings import CampaignSettings
from semsearch.text.abuse.contacts import Contact
from semsearch.text.abuse.reading_post import Reading, read_post

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts in the search view to L2-normalised rows, [n, dim]."""
_CONTACTS = 8
"""Contacts of a post that are looked at: more are a price list."""


def prepare(texts: Sequence[str], policy: CampaignSettings, encode: Encode | None) -> Prepared:
    """What the nets read of each text, in order; equal texts are read once.

    Without an encoder the vectors have no dimension, and that net is off.
    """
    distinct = list(dict.fromkeys(texts))
    readings = [read_post(text[: policy.max_chars]) for text in distinct]
    skeletons = [reading.skeleton for reading in readings]
    enough = np.array([_letters(reading) >= policy.min_letters for reading in readings], np.bool_)
    exact = np.array([nets.exact_hash(s) for s in skeletons], np.uint64) * enough
    vectors = encode([reading.view for reading in readings]) if encode else np.zeros((len(distinct), 0), np.float32)
    place = {text: number for number, text in enumerate(distinct)}
    rows = [place[text] for text in texts]
    contacts = [_contacts(reading.contacts) for reading in readings]
    return Prepared(
        exact[rows],
        nets.signatures(skeletons)[rows],
        nets.packed(vectors)[rows],
        tuple(contacts[row] for row in rows),
        np.array([reading.disguised / max(1, len(reading.view)) for reading in readings])[rows],
        np.array([_wary(reading) for reading in readings], np.bool_)[rows],
    )


def _wary(reading: Reading) -> bool:
    return reading.disguised > 0 or any(leads_elsewhere(contact.kind) for contact in reading.contacts)


def _letters(reading: Reading) -> int:
    """Distinct characters of the skeleton: one repeated character is no text."""
    return len(set(reading.skeleton))


def _contacts(found: tuple[Contact, ...]) -> Contacts:
    keys = {nets.exact_hash(contact.key): contact.kind for contact in found[:_CONTACTS]}
    return Contacts(tuple(keys), tuple(keys.values()))
