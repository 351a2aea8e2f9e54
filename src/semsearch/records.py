"""The records that travel through semsearch, one dataclass each, and the column types made from them.

Bulk work is columnar (Polars frames with `schema(Item)`); a dataclass appears at the edges only.
"""

from __future__ import annotations

import hashlib
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

STATUSES = ("active", "reserved", "sold", "hidden")
ENGAGEMENTS = ("click", "favorite", "chat", "purchase")
"""Kinds of interactions that engage an item, the weakest first."""
INTERACTION_KINDS = ("search", "impression", *ENGAGEMENTS)
NAMESPACES = ("listing", "image", "chat", "profile")
"""Kinds of content that are known from the start."""
SEVERITIES = ("low", "medium", "high")
"""Of an alert, the least first."""
INTENTS = ("product", "brand", "item", "attribute")
"""What a query can ask for, the highest priority first."""
CATEGORY_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Item:
    """One listing. Alive at t: created, not ended, status active."""

    item_id: str
    """Unique, text; leading zeros kept."""
    title: str
    """As the seller wrote it."""
    body: str = ""
    """As the seller wrote it; may be empty."""
    category: str | None = None
    """Path from the root, levels joined by ` > `."""
    price: float | None = None
    """In `currency`; 0 means given away, null unknown."""
    currency: str | None = None
    """ISO 4217."""
    region_id: str | None = None
    """Text; leading zeros kept."""
    seller_id: str | None = None
    """Who sells."""
    seller_type: str | None = None
    """Such as person or business; free text."""
    created_at: datetime | None = None
    """UTC; null counts as always there."""
    updated_at: datetime | None = None
    """UTC; the last edit."""
    bumped_at: datetime | None = None
    """UTC; the last move to the top."""
    ended_at: datetime | None = None
    """UTC; null while it runs."""
    status: str = "active"
    """One of active, reserved, sold, hidden."""
    image_paths: tuple[str, ...] = ()
    """Paths or URLs; kept, not read."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Brand and the like; in a frame one JSON object with sorted keys."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of the log."""

    ts: datetime
    """UTC; when it happened."""
    actor_id: str
    """Who did it."""
    kind: str
    """One of search, impression, click, favorite, chat, purchase."""
    query: str | None = None
    """As typed."""
    item_id: str | None = None
    """The item, for all kinds but search."""
    session_id: str | None = None
    """Joins the rows of one visit."""
    position: int | None = None
    """1 is the top."""
    region_id: str | None = None
    """The searcher's."""
    n_results: int | None = None
    """How many items the search returned."""
    surface: str | None = None
    """Where it was shown."""
    arm: str | None = None
    """Experiment arm."""


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the region table."""

    region_id: str
    """Text; leading zeros kept."""
    name: str
    """As shown."""
    neighbour_ids: tuple[str, ...] = ()
    """Regions whose items count as near."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One graded judgement of a query-item pair, a row of qrels."""

    query_id: str
    """Joins the query table."""
    item_id: str
    """The judged item."""
    grade: float
    """Gain; 0 is not relevant, higher is better."""


@dataclass(frozen=True, slots=True)
class Post:
    """One piece of content under moderation, in one of its revisions."""

    namespace: str
    """One kind of content: listing, image, chat, profile, or one that the settings name."""
    post_id: str
    """Unique in its namespace; an item's is its item_id."""
    author_id: str
    """Who wrote it."""
    created_at: datetime
    """UTC; of this revision."""
    text: str
    """As written."""
    revision: int | None = None
    """0 and up, an edit is the next one; null: the journal counts by changed text."""
    image_path: str | None = None
    """Kept, not scanned."""
    parent_id: str | None = None
    """The post that it belongs to, as an image does to its listing."""
    room_id: str | None = None
    """Where it was written, for a chat."""
    recipient_id: str | None = None
    """Who was written to, for a chat."""
    category: str | None = None
    """Path from the root, levels joined by ` > `."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """In a frame one JSON object with sorted keys."""
    seller_type: str | None = None
    """Such as person or business; free text."""


@dataclass(frozen=True, slots=True)
class Member:
    """One post in a campaign, and what put it there."""

    seq: int
    """Its number in the journal."""
    campaign_id: str
    post_id: str
    revision: int
    author_id: str
    at_us: int
    """Microseconds UTC since 1970: the post's time."""
    net: str
    """leader, skeleton, contact, shingles, embedding or reviewer."""
    strength: float
    """0 to 1, of that net: 1 for exact ones, Jaccard similarity of shingles, cosine of vectors."""
    detail: str = ""
    """The kind of contact that it carries (`phone`), or of one that the campaign had before (`shared phone`)."""
    recipient_id: str | None = None
    category: str | None = None
    disguised: bool = False
    """Whether its text was written to slip past filters."""
    counts: bool = True
    """False for authors and seller types that are allowed: members without growth."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What the machine raises about one campaign, at one step of the ladder."""

    alert_id: str
    """Of the campaign: a campaign has one alert."""
    campaign_id: str
    namespace: str
    kind: str
    """campaign, drip, repost or recipients."""
    level: int
    """Step of the doubling ladder, 1 and up."""
    severity: str
    """low, medium or high."""
    at_us: int
    """Microseconds UTC: the post that raised it."""
    n_posts: int
    n_authors: int
    n_recipients: int
    reasons: Mapping[str, Any] = field(default_factory=dict)
    """What was counted in which window, what was expected, the floor, the evidence."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a named person decided. Never changed; undoing is another one."""

    decision_id: int
    """1 and up, without gaps."""
    at: datetime
    """UTC."""
    by: str
    """A person's name."""
    kind: str
    """confirm, dismiss, snooze, undo, split, merge, lead, benign, allow or approve."""
    subject: str
    """The alert, campaign, author, profile or (for undo) decision that it is about."""
    members: tuple[tuple[str, int], ...] = ()
    """(post_id, revision) of the posts that it covers: the members as they were then."""
    reason: str = ""
    until: datetime | None = None
    """UTC; when a snooze, a benign memory or an allowance ends; null: never."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """Such as the campaign that another is merged into."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """What decisions in force tell the machine, keyed by what they are about."""

    benign: Mapping[str, datetime | None] = field(default_factory=dict)
    """Campaigns that raise no alert, until when (null: for good)."""
    snoozed: Mapping[str, datetime | None] = field(default_factory=dict)
    allowed: Mapping[str, datetime | None] = field(default_factory=dict)
    """Authors whose posts do not count."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Campaign to the one that it is part of now; never a chain."""
    moved: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """(post_id, revision) to the campaign that a person put it in."""
    led: Mapping[str, str] = field(default_factory=dict)
    """post_id of a leader made by hand to its campaign."""
    confirmed_authors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an LLM said of one text of a post, with one profile; an abstention when `is_spam` is null."""

    namespace: str
    post_id: str
    digest: bytes
    """Of the text that was judged, 16 bytes, as in the journal: a revision is found by it."""
    author_id: str
    posted_at: datetime
    """UTC; the post's time."""
    profile_id: str
    """Empty: judged without a profile."""
    prompt_hash: str
    model: str
    is_spam: bool | None
    """Null: an abstention."""
    reason: str = ""
    quotes: tuple[str, ...] = ()
    """Words of the post that mattered; only those that stand in it."""
    cause: str = ""
    """Of an abstention."""
    instructed: bool = False
    """Whether the post tries to instruct its reader."""
    n_in: int = 0
    """Tokens that were sent."""
    n_out: int = 0
    """Tokens that came back."""
    cost_usd: float = 0.0
    at: datetime | None = None
    """UTC; when it was asked."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How professional sellers of one kind write, as a large model put it; never changed, approved by decisions."""

    profile_id: str
    """Of all that is below but `made_at`."""
    name: str
    """Of the group of sellers; the newest approved profile of a name is the active one."""
    namespace: str
    text: str
    """What goes into the prompt, verbatim."""
    made_at: datetime
    """UTC."""
    model: str = ""
    """That wrote it; empty for a text that a person wrote."""
    prompt_hash: str = ""
    """Of the prompt that it was written with."""
    made_from: Mapping[str, Any] = field(default_factory=dict)
    """Seed, numbers of posts and digests of the sample; the profile that an edited one comes from."""
    warnings: tuple[str, ...] = ()
    """What a person has to know before approving, such as words that came from single posts."""


@dataclass(frozen=True, slots=True)
class Report:
    """What others found: a user's report of an account, or a sanction with the route that led to it."""

    author_id: str
    at: datetime
    """UTC."""
    kind: str
    """report or sanction."""
    route: str
    """What found it, such as user report, keyword rule, llm, look-alike; free text."""
    namespace: str | None = None
    post_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """One judged part of relevance: something that a query asks for, and whether an item has it."""

    intent: str
    """One of product, brand, item, attribute."""
    asked: str
    """What of the query it is."""
    met: bool | None
    """Null: it cannot be told from the item."""


@dataclass(frozen=True, slots=True)
class Label:
    """How relevant an item is to a query, and who says so on what grounds."""

    query: str
    """As typed."""
    item_id: str
    source: str
    """person or model."""
    by: str
    """The annotator's name, or the model."""
    origin: str
    """facets, direct or imported."""
    grade_low: int | None
    """2, 1 or 0; null in both grades: ungradeable."""
    grade_high: int | None
    """Higher than `grade_low` when minor facets cannot be told."""
    rubric: str
    """Version of the rubric."""
    at: datetime
    """UTC."""
    facets: tuple[Facet, ...] = ()
    item: Mapping[str, str] = field(default_factory=dict)
    """The item as it was shown: title, body and the like."""
    item_digest: str = ""
    """Of that; another one now means that the label is stale."""
    inclusion_probability: float | None = None
    """With which the pair was drawn; null: it was picked on purpose."""
    batch: str = ""
    prompt_hash: str = ""
    """Of a model's label."""
    note: str = ""
    seconds: float | None = None
    """That a person took."""
    role: str = "label"
    """label, golden or adjudication."""
    shown: bool = False
    """Whether the machine's opinion was shown before the answer."""
    retracts: str = ""
    """The label that an undo takes back."""

    @property
    def label_id(self) -> str:
        """Digest of all of it, 16 hexadecimal digits; the same in every version of semsearch."""
        told = [_told(getattr(self, name)) for name in _IN_LABEL_ID]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


_IN_LABEL_ID = (
    *("query", "item_id", "source", "by", "origin", "grade_low", "grade_high", "rubric", "at", "facets", "item"),
    *("item_digest", "inclusion_probability", "batch", "prompt_hash", "note", "seconds", "role", "shown", "retracts"),
)
"""What is added to labels later stays out of it: an undo names a label by its id."""


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, tuple):
        return [(facet.intent, facet.asked, facet.met) for facet in value]
    return float(value) if type(value) is int else value


@dataclass(frozen=True, slots=True)
class LegScore:
    """What one leg of retrieval (dense or lexical) said of one item."""

    rank: int
    """1 is the top."""
    score: float
    """Higher is better; only comparable within one leg and query."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved item, and where it came from."""

    item_id: str
    rank: int
    """1 is the top."""
    score: float
    """Higher is better; fused over the legs."""
    dense: LegScore | None = None
    """Null when the dense leg did not return it."""
    lexical: LegScore | None = None
    """Null when the lexical leg did not return it."""


def schema(record: type) -> dict[str, pl.DataType]:
    """Column names and Polars (Arrow) types of one record, in field order.

    Times are UTC microseconds, paths and ids are lists of text, mappings one JSON text.
    """
    hints = typing.get_type_hints(record)
    return {f.name: _column_type(hints[f.name]) for f in fields(record)}


def _column_type(hint: Any) -> pl.DataType:
    import polars as pl

    members = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    plain = members[0] if type(None) in typing.get_args(hint) else hint
    if plain is str or typing.get_origin(plain) is Mapping:
        return pl.String()
    if typing.get_origin(plain) is tuple:
        return pl.List(pl.String())
    return {float: pl.Float64(), int: pl.Int64(), bool: pl.Boolean(), datetime: pl.Datetime("us", "UTC")}[plain]
