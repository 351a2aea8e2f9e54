"""Prepared posts made by hand: a text is its skeleton, its vector is drawn from its words."""

import hashlib

import numpy as np

from semsearch.campaigns.joining import nets
from semsearch.campaigns.joining.nets import Contacts, Prepared

DIM = 64


def word_vector(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest())
    return np.random.default_rng(seed).standard_normal(DIM)


def vector(text: str) -> np.ndarray:
    total = sum((word_vector(word) for word in text.split()), np.zeros(DIM))
    return (total / (np.linalg.norm(total) or 1.0)).astype(np.float32)


def prepared(*posts: str | tuple[str, str]) -> Prepared:
    """Each post is a text, or a text and a contact."""
    texts = [post if isinstance(post, str) else post[0] for post in posts]
    contacts = [Contacts() if isinstance(post, str) else contact(post[1]) for post in posts]
    return Prepared(
        np.array([nets.exact_hash(text) if text else 0 for text in texts], np.uint64),
        nets.signatures([text.replace(" ", "") for text in texts]),
        nets.packed(np.stack([vector(text) for text in texts])),
        tuple(contacts),
        np.zeros(len(texts)),
        np.zeros(len(texts), np.bool_),
    )


def contact(number: str) -> Contacts:
    return Contacts((nets.exact_hash(number),), ("phone",))
