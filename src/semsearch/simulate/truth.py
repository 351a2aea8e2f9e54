"""The truth beside the market: what every item is, and which items a query means, with grades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.simulate.catalogue import Catalogue, Ints
from semsearch.simulate.known import KnownQuery
from semsearch.simulate.products import Product

if TYPE_CHECKING:
    import polars as pl

EXACT, SAME_LINE = 2.0, 1.0


class Lookup:
    """Rows by product and by line, so that a query's judgements need no scan of the catalogue."""

    def __init__(self, products: list[Product], catalogue: Catalogue) -> None:
        lines = {line: i for i, line in enumerate(dict.fromkeys(p.line for p in products))}
        self.line_of_product = np.array([lines[p.line] for p in products], dtype=np.int64)
        self.catalogue = catalogue
        self._by_line = _Groups(self.line_of_product[catalogue.product], len(lines))

    def of_line(self, line: int) -> Ints:
        """Rows of all products of one line, ascending."""
        return self._by_line.rows(line)

    def grades(self, row: int, asked: tuple[int, ...]) -> tuple[Ints, NDArray[np.float64]]:
        """Rows and grades for "the product of `row` with its `asked` attributes".

        2: that product with those values; 1: the same line or other values; the rest is 0 and left out.
        """
        product = int(self.catalogue.product[row])
        rows = self.of_line(int(self.line_of_product[product]))
        exact = self.catalogue.product[rows] == product
        for column in asked:
            exact &= self.catalogue.values[rows, column] == self.catalogue.values[row, column]
        return rows, np.where(exact, EXACT, SAME_LINE)


class _Groups:
    def __init__(self, key: Ints, n: int) -> None:
        self.order = np.argsort(key, kind="stable")
        self.starts = np.searchsorted(key[self.order], np.arange(n + 1))

    def rows(self, group: int) -> Ints:
        return self.order[self.starts[group] : self.starts[group + 1]]


def known_frame(known: list[KnownQuery], products: list[Product], catalogue: Catalogue, ids: list[str]) -> pl.DataFrame:
    """query_id, query, kind, item_id (the meant one), product_id, leaf, brand, invented."""
    import polars as pl

    meant = [products[int(catalogue.product[k.row])] for k in known]
    return pl.DataFrame(
        {
            "query_id": [f"k{i:05d}" for i in range(len(known))],
            "query": [k.query for k in known],
            "kind": [k.kind for k in known],
            "item_id": [ids[k.row] for k in known],
            "product_id": [product_id(int(catalogue.product[k.row])) for k in known],
            "leaf": [p.leaf.leaf for p in meant],
            "brand": [p.brand.native for p in meant],
            "invented": [p.brand.invented for p in meant],
        },
        schema_overrides={"query_id": pl.String, "query": pl.String, "kind": pl.String, "item_id": pl.String},
    )


def known_qrels(known: list[KnownQuery], lookup: Lookup, ids: list[str]) -> pl.DataFrame:
    """query_id, item_id, grade of every item that is not 0 for its query."""
    import polars as pl

    names = np.array(ids, dtype=object)
    parts = [lookup.grades(k.row, k.asked) for k in known]
    lengths = [len(rows) for rows, _ in parts]
    query = np.repeat(np.array([f"k{i:05d}" for i in range(len(known))], dtype=object), lengths)
    rows = np.concatenate([rows for rows, _ in parts]) if parts else np.empty(0, dtype=np.int64)
    grades = np.concatenate([grade for _, grade in parts]) if parts else np.empty(0)
    return pl.DataFrame(
        {"query_id": query.tolist(), "item_id": names[rows].tolist(), "grade": grades},
        schema={"query_id": pl.String, "item_id": pl.String, "grade": pl.Float64},
    )


def product_id(index: int) -> str:
    """Stable name of a product within one market."""
    return f"p{index:05d}"


def items_frame(products: list[Product], catalogue: Catalogue, ids: list[str]) -> pl.DataFrame:
    """item_id, product_id, line, leaf, brand, invented, attributes (a list of `key=value`), repost_of."""
    import polars as pl

    rows = [
        (
            product_id(p),
            products[p].line,
            products[p].leaf.leaf,
            products[p].brand.native,
            products[p].brand.invented,
            attribute_texts(products[p], values),
        )
        for p, values in zip(catalogue.product.tolist(), catalogue.values.tolist(), strict=True)
    ]
    columns = ("product_id", "line", "leaf", "brand", "invented", "attributes")
    made = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    repost = [ids[s] if s != i else None for i, s in enumerate(catalogue.source.tolist())]
    overrides: dict[str, pl.DataType] = {"attributes": pl.List(pl.String()), "repost_of": pl.String()}
    return pl.DataFrame({"item_id": ids, **made, "repost_of": repost}, schema_overrides=overrides)


def attribute_texts(product: Product, values: list[int]) -> list[str]:
    """`key=value` of each attribute of one item."""
    return [f"{a.key}={a.values[v].name}" for a, v in zip(product.attributes, values, strict=False)]


def spellings_frame(products: list[Product]) -> pl.DataFrame:
    """spelling, kind (native, latin, short), means, what (brand, product), invented: every name that sellers use."""
    import polars as pl

    rows: list[tuple[str, str, str, str, bool]] = []
    for brand in {p.brand.native: p.brand for p in products}.values():
        spelt = _spellings(brand.native, brand.latin, brand.shorts)
        rows += [(s, k, brand.native, "brand", brand.invented) for s, k in spelt]
    for p in products:
        means = f"{p.brand.native} {p.name}"
        rows += [(s, k, means, "product", p.brand.invented) for s, k in _spellings(p.name, p.latin, p.shorts)]
    return pl.DataFrame(rows, schema=["spelling", "kind", "means", "what", "invented"], orient="row")


def _spellings(native: str, latin: str, shorts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [(native, "native"), (latin, "latin"), *((short, "short") for short in shorts)]
    return list(dict(pairs[::-1]).items())[::-1]
