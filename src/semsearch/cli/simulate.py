"""`simulate`: a made second-hand market to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from semsearch.cli.options import JsonOption
from semsearch.cli.output import emit, steps, talk

Out = Annotated[Path, typer.Argument(help="A new or empty directory.", show_default=False)]
ItemsOption = Annotated[int, typer.Option("--items", help="How many listings.")]
SearchesOption = Annotated[int | None, typer.Option("--searches", help="How many searches; default one per item.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Equal seeds give equal bytes.")]
LangOption = Annotated[Literal["ko", "en"], typer.Option("--lang", help="Language of the market.")]


def simulate(
    out: Out,
    items: ItemsOption = 20_000,
    seed: SeedOption = 0,
    lang: LangOption = "ko",
    searches: SearchesOption = None,
    json: JsonOption = False,
) -> None:
    """Make a second-hand market: listings, a search log, test queries, and the truth about them.

    Examples:

    semsearch simulate market --items 20000 --seed 1 --lang ko

    semsearch import items market/items.parquet

    semsearch evaluate run --queries market/queries.tsv --qrels market/qrels.txt
    """
    from semsearch.simulate.assemble import market
    from semsearch.simulate.files import check_folder, write

    check_folder(out)
    with steps() as step:
        step("Making the market", 0, 0)
        made = market(items, seed, lang, n_searches=searches)
        step("Writing", 0, 0)
        rows = write(made, out)
    document = {"directory": out, "lang": lang, "seed": seed, "rows": rows}
    emit(document, as_json=json, rows=[{"file": name, "rows": n} for name, n in rows.items()])
    talk(f"Next: semsearch init -w WORKSPACE, then semsearch import items {out / 'items.parquet'} -w WORKSPACE")
