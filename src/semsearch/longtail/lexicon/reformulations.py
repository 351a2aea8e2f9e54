"""What people typed instead: the words of a query that came to nothing, and those that stood in their place next.

The method is that of query substitutions (Jones, Rey, Madani & Greiner, "Generating query substitutions", WWW 2006):
two queries of one session that differ in one place. Here the second must have led to more than the first, and
what differs may be no number, no size and no slip of the finger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from semsearch.longtail.lexicon.surfaces import MOST_WORDS, Reader, Token, sounds_alike, surface
from semsearch.longtail.sessions import NEXT_S, WHO, in_sessions

if TYPE_CHECKING:
    import polars as pl


def turns(log: pl.LazyFrame, engagements: pl.DataFrame) -> pl.DataFrame:
    """key, instead, actor_id, session of every query that was followed, in its session and within `NEXT_S`, by
    another one after which more was engaged; keys are in the search view.

    `log` has `schema(Interaction)`, `engagements` is what `evaluation.attribute` made of it.
    """
    import polars as pl

    from semsearch.training.log.examples import search_keys

    searches = log.filter((pl.col("kind") == "search") & pl.col("query").is_not_null())
    asking = searches.select("ts", "actor_id", "session_id", "query").collect()
    engaged = engagements.filter(pl.col("query").is_not_null())
    keyed = in_sessions(*(rows.join(search_keys(rows["query"]), on="query") for rows in (asking, engaged)))
    asked = keyed.group_by("actor_id", "session", "key").agg(
        pl.col("ts").filter(~pl.col("engaged")).min().alias("first"),
        pl.col("ts").filter(~pl.col("engaged")).max().alias("last"),
        pl.col("engaged").sum().alias("n_engaged"),
    )
    ordered = asked.drop_nulls("first").sort(*WHO, "first", "key")
    following = ordered.with_columns(
        pl.col("key").shift(-1).over(WHO).alias("instead"),
        (pl.col("first").shift(-1).over(WHO) - pl.col("last")).dt.total_seconds().alias("gap_s"),
        pl.col("n_engaged").shift(-1).over(WHO).alias("n_then"),
    )
    kept = following.filter((pl.col("n_then") > pl.col("n_engaged")) & (pl.col("gap_s") <= NEXT_S))
    return kept.select("key", "instead", "actor_id", "session").sort(*WHO, "key", "instead")


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
