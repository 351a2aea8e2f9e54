"""What people typed instead: the words of a query that came to nothing, and those that stood in their place next.

The method is that of query substitutions (Jones, Rey, Madani & Greiner, "Generating query substitutions", WWW 2006):
two queries of one session that differ in one place. Here the second must have led to more than the first, and
what differs may be no number, no size and no slip of the finger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from semsearch.longtail.demand import NEXT_S
from semsearch.longtail.lexicon.surfaces import MOST_WORDS, Reader, Token, sounds_alike, surface

if TYPE_CHECKING:
    import polars as pl

SILENCE_S = 1800
"""Seconds of silence after which a new session begins, where the log names none."""
_WHO = ("actor_id", "session")


def turns(log: pl.LazyFrame, engagements: pl.DataFrame) -> pl.DataFrame:
    """key, instead, actor_id, session of every query that was followed, in its session and within `NEXT_S`, by
    another one after which more was engaged; keys are in the search view.

    `log` has `schema(Interaction)`, `engagements` is what `evaluation.attribute` made of it. Rows without a session
    get one of their actor, which ends with `SILENCE_S` of silence.
    """
    import polars as pl

    from semsearch.training.log.examples import search_keys

    searches = log.filter((pl.col("kind") == "search") & pl.col("query").is_not_null()).select(
        "ts", "actor_id", "session_id", "query", pl.lit(value=False).alias("engaged")
    )
    engaged = engagements.lazy().filter(pl.col("query").is_not_null()).select(
        pl.col("asked_at").alias("ts"), "actor_id", "session_id", "query", pl.lit(value=True).alias("engaged")
    )  # fmt: skip
    rows = _in_sessions(pl.concat([searches, engaged]).collect())
    keyed = rows.join(search_keys(rows["query"]), on="query")
    asked = keyed.group_by("actor_id", "session", "key").agg(
        pl.col("ts").filter(~pl.col("engaged")).min().alias("first"),
        pl.col("ts").filter(~pl.col("engaged")).max().alias("last"),
        pl.col("engaged").sum().alias("n_engaged"),
    )
    ordered = asked.drop_nulls("first").sort(*_WHO, "first", "key")
    following = ordered.with_columns(
        pl.col("key").shift(-1).over(_WHO).alias("instead"),
        (pl.col("first").shift(-1).over(_WHO) - pl.col("last")).dt.total_seconds().alias("gap_s"),
        pl.col("n_engaged").shift(-1).over(_WHO).alias("n_then"),
    )
    kept = following.filter((pl.col("n_then") > pl.col("n_engaged")) & (pl.col("gap_s") <= NEXT_S))
    return kept.select("key", "instead", "actor_id", "session").sort(*_WHO, "key", "instead")


def _in_sessions(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the column `session`: that of the log, else one of the actor that silence ends."""
    import polars as pl

    ordered = rows.sort("actor_id", "ts")
    begins = (pl.col("ts").diff().dt.total_seconds() > SILENCE_S).over("actor_id").fill_null(value=True)
    own = pl.concat_str("actor_id", pl.lit(" "), begins.cum_sum().over("actor_id").cast(pl.String))
    return ordered.with_columns(pl.coalesce("session_id", own).alias("session"))


def replaced(first: Sequence[Token], second: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The surfaces of `first` that `second` has others for; nothing unless the rest says the same.

    Words that sound alike are pairs of their own; what is left must be one run of `MOST_WORDS` at most on each side.
    """
    left, right = _rest(first, second), _rest(second, first)
    if not left or not right or not all(token.letters for token in (*left, *right)):
        return
    for one in tuple(left):
        other = next((token for token in right if sounds_alike(one.text, token.text)), None)
        if other is not None:
            yield one.name, other.name
            left.remove(one)
            right.remove(other)
    if left and right and _is_run(left, first) and _is_run(right, second):
        yield surface(left), surface(right)


def _rest(tokens: Sequence[Token], others: Sequence[Token]) -> list[Token]:
    """The tokens that none of the others says too."""
    said = frozenset().union(*(other.ids for other in others))
    return [token for token in tokens if said.isdisjoint(token.ids)]


def _is_run(chosen: Sequence[Token], tokens: Sequence[Token]) -> bool:
    start = tokens.index(chosen[0])
    return len(chosen) <= MOST_WORDS and list(tokens[start : start + len(chosen)]) == list(chosen)


def replacements(turns: pl.DataFrame, reader: Reader) -> pl.DataFrame:
    """typed, meant (surfaces), key, instead, actor_id, session: one row for each replacement in each turn."""
    import polars as pl

    found = [
        (key, instead, typed, meant)
        for key, instead in turns.select("key", "instead").unique().sort("key", "instead").iter_rows()
        for typed, meant in replaced(reader.tokens(key), reader.tokens(instead))
    ]
    names = ("key", "instead", "typed", "meant")
    pairs = pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row")
    return turns.join(pairs, on=["key", "instead"], maintain_order="left")
