"""The tables, as the newest migration leaves them. Times are microseconds UTC, mappings JSON text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column that is called INTEGER."""


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _whole(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


history = Table("schema_history", metadata, Column("revision", Text, primary_key=True), _whole("at_us"), _text("by"))
"""Which semsearch brought the file to which schema."""

posts = Table(
    "posts",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=False),
    _text("namespace"),
    _text("post_id"),
    _whole("revision"),
    _text("author_id"),
    _whole("at_us"),
    _whole("first_us"),
    _whole("last_us"),
    Column("digest", LargeBinary, nullable=False),
    _text("text"),
    _text("image_path", null=True),
    _text("parent_id", null=True),
    _text("room_id", null=True),
    _text("recipient_id", null=True),
    _text("category", null=True),
    _text("attributes", null=True),
    _text("seller_type", null=True),
    UniqueConstraint("post_id", "namespace", "revision", name="posts_revision"),
    Index("posts_by_namespace", "namespace", "seq"),
    Index("posts_by_time", "namespace", "at_us"),
)
"""The journal. `first_us` to `last_us` is when the same text was seen; `digest` is of the text."""

authored = Table(
    "authored",
    metadata,
    Column("author_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
"""The journal by author, up to the mark."""

authored_mark = Table("authored_mark", metadata, Column("seq", Serial, primary_key=True, autoincrement=False))
"""One row: up to where `authored` goes."""

batches = Table(
    "batches", metadata, Column("first_seq", Serial, primary_key=True, autoincrement=False), _whole("last_seq")
)
"""What was appended at once."""

cursors = Table(
    "cursors",
    metadata,
    Column("namespace", Text, primary_key=True),
    _whole("last_seq"),
    _text("encoder_id"),
    _text("policy_id"),
)
"""Up to where the journal is processed, and with what."""

members = Table(
    "members",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=False),
    _text("namespace"),
    _text("campaign_id"),
    _text("post_id"),
    _whole("revision"),
    _text("author_id"),
    _whole("at_us"),
    _text("net"),
    Column("strength", Float, nullable=False),
    _text("detail"),
    _text("recipient_id", null=True),
    _text("category", null=True),
    Column("disguised", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),
    Index("members_by_campaign", "campaign_id"),
    Index("members_by_namespace", "namespace", "seq"),
)


def _raised() -> list[Column[object]]:
    """What an alert says, in its row and in each of its events."""
    columns = [_text("kind"), _whole("level"), _text("severity"), _whole("at_us")]
    return [*columns, _whole("n_posts"), _whole("n_authors"), _whole("n_recipients"), _text("reasons")]  # type: ignore[list-item]


alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    _text("campaign_id"),
    _text("namespace"),
    _whole("first_us"),
    *_raised(),
    Index("alerts_by_campaign", "campaign_id"),
)
"""One a campaign, as it was raised last."""

alert_events = Table(
    "alert_events",
    metadata,
    Column("event_id", Serial, primary_key=True),
    _text("alert_id"),
    *_raised(),
    UniqueConstraint("alert_id", "level", "kind", name="alert_events_once"),
)
"""Each step of the ladder that an alert took, once."""

outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", Serial, primary_key=True),
    _whole("event_id"),
    _text("alert_id"),
    _text("sink"),
    _text("state"),
    _whole("attempts"),
    _whole("due_us"),
    _whole("sent_us", null=True),
    _text("error"),
    _text("receipt", null=True),
    Index("outbox_by_state", "state", "due_us"),
    Index("outbox_by_alert", "alert_id", "sink"),
)
"""What sinks are owed: one row an event and sink."""

volumes = Table(
    "volumes",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("hour_us", BigInteger, primary_key=True),
    Column("category", Text, primary_key=True),
    _whole("n_posts"),
)
"""Posts of each hour; no category is the empty text."""

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Serial, primary_key=True, autoincrement=False),
    _whole("at_us"),
    _text("by"),
    _text("kind"),
    _text("subject"),
    _text("reason"),
    _whole("until_us", null=True),
    _text("detail"),
    _whole("n_members"),
    _text("digest"),
    _text("chain"),
    Index("decisions_by_subject", "subject"),
)
"""Never changed, never deleted: triggers refuse both."""

decision_members = Table(
    "decision_members",
    metadata,
    Column("decision_id", Serial, primary_key=True, autoincrement=False),
    Column("post_id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    _text("namespace"),
)

decision_head = Table(
    "decision_head",
    metadata,
    Column("head_id", Integer, primary_key=True, autoincrement=False),
    _whole("n_decisions"),
    _text("chain"),
)
"""One row: how many decisions there are and the end of their chain, so that missing last ones are noticed."""

llm_answers = Table(
    "llm_answers",
    metadata,
    Column("key", Text, primary_key=True),
    _whole("at_us"),
    _text("prompt_id"),
    _text("prompt_hash"),
    _text("model"),
    _text("content"),
    _text("finish"),
    _whole("n_in"),
    _whole("n_out"),
    _whole("cost_nusd"),
    sqlite_with_rowid=False,
)
"""What models answered, by the content of the question; money is billionths of a US dollar."""

profiles = Table(
    "profiles",
    metadata,
    Column("profile_id", Text, primary_key=True),
    _text("name"),
    _text("namespace"),
    _text("text"),
    _whole("made_us"),
    _text("model"),
    _text("prompt_hash"),
    _text("made_from"),
    _text("warnings"),
)
"""Never changed; which are active follows from decisions."""

verdicts = Table(
    "verdicts",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("post_id", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("profile_id", Text, primary_key=True),
    Column("prompt_hash", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    _text("author_id"),
    _whole("posted_us"),
    Column("is_spam", Boolean, nullable=True),
    _text("reason"),
    _text("quotes"),
    _text("cause"),
    Column("instructed", Boolean, nullable=False),
    _whole("n_in"),
    _whole("n_out"),
    _whole("cost_nusd"),
    _whole("at_us"),
    Index("verdicts_by_author", "author_id"),
    Index("verdicts_flagged", "namespace", "is_spam"),
    Index("verdicts_instructed", "namespace", "instructed"),
)
"""One a text, profile, prompt and model: the last one that was given.

Members of a campaign have their leader's by reference, not in a row."""

reports = Table(
    "reports",
    metadata,
    Column("report_id", Text, primary_key=True),
    _text("author_id"),
    _whole("at_us"),
    _text("kind"),
    _text("route"),
    _text("namespace", null=True),
    _text("post_id", null=True),
    _text("reason"),
    Index("reports_by_author", "author_id"),
)
"""What others found; the id is of the content, so that a file that is read again adds nothing."""

label_files = Table(
    "label_files",
    metadata,
    Column("path", Text, primary_key=True),
    _whole("n_bytes"),
    _whole("changed_ns"),
    _text("views"),
)
"""Files of labels as they were when their lines were indexed; a path is inside `labels/`, `views` the version of the
view by which queries are compared."""

labels = Table(
    "labels",
    metadata,
    Column("path", Text, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    _text("query_key"),
    _text("item_id"),
    Column("content", LargeBinary, nullable=False),
    Index("labels_by_pair", "query_key", "item_id"),
)
"""The lines of these files by pair; made again when they are gone."""
