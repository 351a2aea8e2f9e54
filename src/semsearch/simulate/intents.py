"""What people look for, how much of it, and the many ways in which they type it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.simulate import noise
from semsearch.simulate.catalogue import Catalogue, Ints
from semsearch.simulate.known import latin_name, native_name
from semsearch.simulate.products import Product
from semsearch.simulate.streams import stream
from semsearch.simulate.tables import Tables

LEVELS = ("group", "product", "line", "noun", "leaf")
GROUP, PRODUCT, LINE, NOUN, LEAF = range(5)
NEAR = {GROUP: LINE, PRODUCT: LINE, LINE: LEAF, NOUN: LEAF}
"""What counts as grade 1 for an intent that wants exactly this level."""
SHARE = {GROUP: 0.35, PRODUCT: 0.35, LINE: 0.12, NOUN: 0.18}
"""Share of demand by level."""
FORMS = ("clean", "synonym", "abbreviation", "transliteration", "run_together", "spacing", "typo", "keyboard", "tail")
ZIPF = 0.95


@dataclass(frozen=True, slots=True)
class Levels:
    """Keys of every item at every level, and the rows that hold a key."""

    keys: Ints
    """[5, n]: key of each item at each level, dense from 0."""
    order: Ints
    """[5, n]: rows sorted by key."""
    starts: tuple[Ints, ...]
    """Per level: first place in `order` of each key, with one more at the end."""
    nouns: tuple[str, ...]
    """Noun level: what each key is called."""

    def rows(self, level: int, key: int) -> Ints:
        """Rows with `key` at `level`, ascending."""
        return self.order[level, self.starts[level][key] : self.starts[level][key + 1]]


@dataclass(frozen=True, slots=True)
class Intents:
    """Columns of `n` intents, those in most demand first."""

    level: Ints
    key: Ints
    near_level: Ints
    near_key: Ints
    leaf: Ints
    sample: Ints
    """One item that fits, to name the intent by."""
    demand: NDArray[np.float64]
    """Share of searches; sums to 1."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Distinct query texts; those of one intent are neighbours."""

    texts: list[str]
    form: Ints
    """Index into FORMS."""
    intent: Ints
    weight: NDArray[np.float64]
    """Share among the intent's queries; sums to 1 per intent."""
    starts: Ints
    """[n_intents + 1]: first query of each intent."""
    speaker: Ints
    """[n_intents]: whose queries an intent types; another's when that one has the same plain name."""


def levels(products: list[Product], catalogue: Catalogue) -> Levels:
    """Keys by product, line, noun and leaf for all items."""
    line = _numbered([p.line for p in products])[catalogue.product]
    names = [noun_of(p) for p in products]
    noun = _numbered(names)[catalogue.product]
    leaf = _numbered([p.leaf.leaf for p in products])[catalogue.product]
    group = np.unique(catalogue.groups(), return_inverse=True)[1].astype(np.int64)
    keys = np.stack([group, catalogue.product, line, noun, leaf])
    order = np.argsort(keys, axis=1, kind="stable")
    starts = tuple(np.searchsorted(k[o], np.arange(int(k.max()) + 2)) for k, o in zip(keys, order, strict=True))
    return Levels(keys, order, starts, tuple(dict.fromkeys(names)))


def noun_of(product: Product) -> str:
    """What a thing is called when nobody cares who made it."""
    plain = any(noun.name == product.name for noun in product.leaf.nouns)
    return product.name if plain else product.leaf.nouns[0].name


def _numbered(names: list[str]) -> Ints:
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def draw(catalogue: Catalogue, found: Levels, seed: int) -> Intents:
    """Intents with Zipf demand; at least one, at most about one for twelve items."""
    rng = stream(seed, "intents")
    wanted = max(40, catalogue.n // 12)
    parts = [_of_level(level, found, max(1, int(wanted * share)), rng) for level, share in SHARE.items()]
    level = np.concatenate([np.full(len(keys), lv) for (keys, _), lv in zip(parts, SHARE, strict=True)])
    key = np.concatenate([keys for keys, _ in parts])
    demand = np.concatenate([weights for _, weights in parts])
    best = np.argsort(-demand, kind="stable")
    level, key, demand = level[best], key[best], demand[best] / demand.sum()
    sample = np.array([found.rows(lv, k)[0] for lv, k in zip(level.tolist(), key.tolist(), strict=True)])
    near = np.array([NEAR[lv] for lv in level.tolist()])
    return Intents(level, key, near, found.keys[near, sample], found.keys[LEAF, sample], sample, demand)


def _of_level(level: int, found: Levels, wanted: int, rng: np.random.Generator) -> tuple[Ints, NDArray[np.float64]]:
    supply = np.diff(found.starts[level]).astype(np.float64)
    offered = np.flatnonzero(supply)
    keys = offered[np.argsort(-supply[offered] * rng.random(len(offered)), kind="stable")][:wanted]
    weights = np.arange(1, len(keys) + 1, dtype=np.float64) ** -ZIPF
    return keys, SHARE[level] * weights / weights.sum()


def phrase(
    tables: Tables, products: list[Product], catalogue: Catalogue, found: Levels, wants: Intents, *, seed: int
) -> Queries:
    """All the query texts of all intents; a text belongs to the intent in most demand that types it."""
    rng = stream(seed, "queries")
    seen: dict[str, int] = {}
    speaker = list(range(len(wants.level)))
    texts: list[str] = []
    form: list[int] = []
    weight: list[float] = []
    starts = [0]
    for intent in range(len(wants.level)):
        mine = list(_spoken(intent, tables, products, catalogue, found, wants=wants, rng=rng))
        plain = mine[0][0]
        if plain in seen:
            speaker[intent] = seen[plain]
            mine = []
        fresh = [spoken for spoken in {m[0]: m for m in mine}.values() if spoken[0] not in seen]
        seen |= {text: intent for text, _, _ in fresh}
        total = sum(w for _, _, w in fresh)
        texts += [t for t, _, _ in fresh]
        form += [FORMS.index(f) for _, f, _ in fresh]
        weight += [w / total for _, _, w in fresh]
        starts.append(len(texts))
    owner = np.repeat(np.arange(len(wants.level)), np.diff(starts))
    return Queries(texts, np.array(form, dtype=np.int64), owner, np.array(weight), np.array(starts), np.array(speaker))


Spoken = Iterator[tuple[str, str, float]]


def _spoken(
    intent: int,
    tables: Tables,
    products: list[Product],
    catalogue: Catalogue,
    found: Levels,
    *,
    wants: Intents,
    rng: np.random.Generator,
) -> Spoken:
    """Texts of one intent with their form and weight, the plain one first."""
    lang, tails = tables.lang, tables.phrases["query_tail"]
    row, level = int(wants.sample[intent]), int(wants.level[intent])
    product = products[int(catalogue.product[row])]
    names = _names(product, level, found.nouns[int(found.keys[NOUN, row])])
    values, others = _values(product, catalogue.values[row].tolist(), rng) if level == GROUP else ([], [])
    clean = " ".join([names[0], *values])
    yield _cased(clean, lang), "clean", 10.0
    for synonym in names[2]:
        yield _cased(" ".join([synonym, *values]), lang), "synonym" if level == NOUN else "abbreviation", 1.5
    if names[1] != names[0]:
        yield " ".join([names[1], *values]).lower(), "transliteration", 2.0
    if others != values:
        yield _cased(" ".join([names[0], *others]), lang), "synonym", 1.5
    if " " in clean:
        yield _cased(clean.replace(" ", ""), lang), "run_together", 1.2 if lang == "ko" else 0.4
    yield _cased(noise.respace(clean, rng), lang), "spacing", 0.8
    for weight in (0.7, 0.4):
        yield _cased(noise.typo(names[0], rng) + clean[len(names[0]) :], lang), "typo", weight
    yield noise.wrong_layout(clean.lower()), "keyboard", 0.25
    yield f"{_cased(clean, lang)} {tails[int(rng.integers(len(tails)))]}", "tail", 0.9


def _names(product: Product, level: int, noun: str) -> tuple[str, str, tuple[str, ...]]:
    """Usual name, name in the other script, short names."""
    if level == NOUN:
        synonyms = next((n.synonyms for n in product.leaf.nouns if n.name == noun), ())
        return noun, noun, synonyms
    if level == LINE:
        line = product.line.split("/", 1)[1]
        named = noun if line == product.leaf.leaf else line
        if named.casefold().startswith((product.brand.native.casefold(), product.brand.latin.casefold())):
            return named, named, ()
        native, latin = f"{product.brand.native} {named}", f"{product.brand.latin} {named}"
        return native, latin, tuple(f"{s} {named}" for s in product.brand.shorts)
    short = product.shorts[:3]
    branded = tuple(f"{product.brand.native} {s}" for s in short) if product.brand_needed else short
    more = tuple(f"{s} {product.name}" for s in product.brand.shorts) if product.brand_needed else ()
    return native_name(product), latin_name(product), branded + more


def _values(product: Product, values: list[int], rng: np.random.Generator) -> tuple[list[str], list[str]]:
    spelt = [a.spellings(v) for a, v in zip(product.attributes, values, strict=False)]
    return [s[0] for s in spelt], [s[int(rng.integers(len(s)))] for s in spelt]


def _cased(text: str, lang: str) -> str:
    """People type queries in lower case, but not the Latin parts of Korean model names."""
    return text.lower() if lang == "en" else text
