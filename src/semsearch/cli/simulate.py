"""`simulate`: a made second-hand market, or a made stream of posts to moderate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from semsearch.cli.options import JsonOption
from semsearch.cli.output import emit, steps, talk
from semsearch.errors import UsageError

DEFAULT_ITEMS = 20_000

Out = Annotated[Path, typer.Argument(help="A new or empty directory.", show_default=False)]
ItemsOption = Annotated[int | None, typer.Option("--items", help=f"How many listings; default {DEFAULT_ITEMS}.")]
SearchesOption = Annotated[int | None, typer.Option("--searches", help="How many searches; default one per item.")]
PostsOption = Annotated[
    int | None, typer.Option("--posts", help="Make this many posts to moderate instead of a market.")
]
DaysOption = Annotated[
    float | None, typer.Option("--days", help="How long the posts take; default 100,000 a day, at least one day.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Equal seeds give equal bytes.")]
LangOption = Annotated[Literal["ko", "en"], typer.Option("--lang", help="Language of the market.")]


def simulate(
    out: Out,
    items: ItemsOption = None,
    seed: SeedOption = 0,
    lang: LangOption = "ko",
    searches: SearchesOption = None,
    posts: PostsOption = None,
    days: DaysOption = None,
    json: JsonOption = False,
) -> None:
    """Make a second-hand market: listings, a search log, test queries, and the truth about them.

    With --posts, make a stream of posts to moderate: honest ones, spam campaigns and what only looks like them.

    Examples:

    semsearch simulate market --items 20000 --seed 1 --lang ko

    semsearch import items market/items.parquet

    semsearch evaluate run --queries market/queries.tsv --qrels market/qrels.txt

    semsearch simulate abuse --posts 100000 --days 1

    semsearch scan posts abuse/posts.parquet
    """
    if posts is None:
        if days is not None:
            raise UsageError("--days is of a stream of posts.", "Next: add --posts, or leave --days out")
        rows = _market(out, DEFAULT_ITEMS if items is None else items, seed, lang, searches)
        following = f"semsearch import items {out / 'items.parquet'} -w WORKSPACE"
    else:
        if items is not None or searches is not None:
            raise UsageError(
                "--posts makes a stream of posts, --items and --searches a market.",
                "Next: run `semsearch simulate` once for each, into two directories",
            )
        rows = _posts(out, posts, seed, lang, days)
        following = f"semsearch scan posts {out / 'posts.parquet'} -w WORKSPACE"
    document = {"directory": out, "lang": lang, "seed": seed, "rows": rows}
    emit(document, as_json=json, rows=[{"file": name, "rows": n} for name, n in rows.items()])
    talk(f"Next: semsearch init -w WORKSPACE, then {following}")


def _market(out: Path, items: int, seed: int, lang: str, searches: int | None) -> dict[str, int]:
    from semsearch.simulate.assemble import market
    from semsearch.simulate.files import check_folder, write

    check_folder(out)
    with steps() as step:
        step("Making the market", 0, 0)
        made = market(items, seed, lang, n_searches=searches)
        step("Writing", 0, 0)
        return write(made, out)


def _posts(out: Path, posts: int, seed: int, lang: str, days: float | None) -> dict[str, int]:
    from semsearch.simulate.abuse import abuse_stream
    from semsearch.simulate.files import check_folder, write_stream

    check_folder(out)
    with steps() as step:
        step("Making the posts", 0, 0)
        made = abuse_stream(posts, seed, lang, days=days)
        step("Writing", 0, 0)
        return write_stream(made, out)
