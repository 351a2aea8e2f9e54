"""Who asked what in one go: the sessions of a log, also where it names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

NEXT_S = 600
"""A query of the same actor within this time, in the same session, follows on the one before."""
SILENCE_S = 1800
"""Seconds of an actor's silence after which a new session begins, where the log names none."""
WHO = ("actor_id", "session")
"""Columns that make a session: two actors may have one of the same name."""


def in_sessions(searches: pl.DataFrame, engagements: pl.DataFrame) -> pl.DataFrame:
    """ts, actor_id, key, engaged, session: the rows of both, in the order of actor and time.

    Searches have ts, actor_id, session_id and key; engagements (of `evaluation.attribute`) also asked_at, which is
    their ts here. Each is in the session that the log names, else in one of its actor that `SILENCE_S` of silence
    ends; but an engagement without a name is in the session of the actor's last search for its query, unless the actor
    was silent in between. Chats and purchases often carry no session beside searches that do.
    """
    import polars as pl

    columns = ("ts", "actor_id", "session_id", "key")
    asked = searches.select(*columns, pl.lit(value=False).alias("engaged"))
    engaged = engagements.select(pl.col("asked_at").alias("ts"), *columns[1:], pl.lit(value=True).alias("engaged"))
    rows = pl.concat([asked, engaged]).sort("actor_id", "ts", "engaged", "key", "session_id")
    begins = (pl.col("ts").diff().dt.total_seconds() > SILENCE_S).over("actor_id").fill_null(value=True)
    cut = rows.with_columns(begins.cum_sum().over("actor_id").alias("part"))
    own = pl.concat_str("actor_id", pl.lit(" "), pl.col("part").cast(pl.String))
    of_search = pl.when(~pl.col("engaged")).then(pl.coalesce("session_id", own))
    latest = of_search.forward_fill().over("actor_id", "part", "key")
    return cut.with_columns(pl.coalesce("session_id", latest, own).alias("session")).drop("session_id", "part")
