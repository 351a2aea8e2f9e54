"""Honest posts that look like campaigns: borrowed boilerplate, shops, hot products, viral texts, reposts.

None of them deserves an alert. What tells them from spam: people who share them are many, have other posts, write
when people are awake, and share no contact and no disguise; a shop shares its contact with nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from semsearch.simulate.abuse import contacts
from semsearch.simulate.abuse.clock import DAY_S, HOUR_S, busy_time
from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.abuse.grammar import phrases
from semsearch.simulate.abuse.people import People, Thing
from semsearch.simulate.abuse.sheet import Row

_PASSED = {
    "ko": ("ㅋㅋㅋ", "퍼옴)", "이거 봤어요?", "웃겨서 공유해요", "저도!"),
    "en": ("lol", "copied:", "sharing this", "me too", "haha"),
}
_AGAIN = {
    "ko": ("끌올", "가격 내렸어요", "다시 올려요", "아직 있어요"),
    "en": ("bump", "price drop", "still available", "relisting"),
}
_FUN = {"ko": "동네생활 > 일상", "en": "Community > General"}


def all_kinds(people: People, n_posts: int, days: float, seed: int) -> Iterator[Row]:
    """Every look-alike of a stream of `n_posts`, about 2 % of it."""
    yield from boilerplate(people, n_posts, days, Dice(seed, "boilerplate"))
    yield from shops(people, n_posts, days, Dice(seed, "shops"))
    yield from viral(people, n_posts, days, Dice(seed, "viral"))
    yield from hot_products(people, n_posts, days, Dice(seed, "hot"))
    yield from reposts(people, n_posts, days, Dice(seed, "reposts"))
    yield from stock_chat(people, n_posts, days, Dice(seed, "stock chat"))


def _count(dice: Dice, n_posts: int, one_in: int) -> int:
    """How many of a kind: one in `one_in` posts on average, also in small streams."""
    return int(n_posts / one_in + dice.roll())


def _size(dice: Dice, low: int, high: int, n_posts: int) -> int:
    """How often a text is shared; small streams hold small ones."""
    return max(4, min(dice.between(low, high), n_posts // 70))


def boilerplate(people: People, n_posts: int, days: float, dice: Dice) -> Iterator[Row]:
    """One text about moving out or clearing up, copied by hundreds of people over their own things."""
    templates = dice.shuffled(people.words["moving"])
    for number in range(_count(dice, n_posts, 45_000)):
        template, left = templates[number % len(templates)], _size(dice, 60, 350, n_posts)
        begin, length = _season(dice, days)
        while left > 0:
            first = people.thing()
            at = _within(dice, begin, length, days)
            for item in range(min(left, dice.of((1, 1, 1, 2, 2, 3, 5)))):
                thing = people.thing() if item else first
                text = _borrowed(people, thing, template, dice)
                yield Row(min(at + item * (60 + dice.roll() * 400), days * DAY_S - 1), first.author, text,
                          "lookalike_template", f"moving-{number}", category=thing.category,
                          seller_type="person", family="boilerplate")  # fmt: skip
                left -= 1


def _seller(business: bool) -> str:
    return "business" if business else "person"


def _borrowed(people: People, thing: Thing, template: list[str], dice: Dice) -> str:
    lines = [line.format_map(thing.slots) for line in template]
    if dice.chance(0.25):
        lines.pop(dice.below(len(lines)))
    own = [thing.slots["price"]] if dice.chance(0.5) else []
    if dice.chance(0.3):
        own.append(people.sentences(thing.slots, thing.author)[0])
    glue = "\n" if dice.chance(0.8) else " "
    return glue.join([thing.title, *own, *lines])


def _season(dice: Dice, days: float) -> tuple[float, float]:
    """When a boilerplate goes round: from some day on, for at least a day."""
    length = max(1.0, days * (0.5 + 0.5 * dice.roll()))
    return dice.roll() * max(0.0, days - length), length


def _within(dice: Dice, begin: float, length: float, days: float) -> float:
    return min(int(begin) * DAY_S + busy_time(dice, length), days * DAY_S * 0.999)


def shops(people: People, n_posts: int, days: float, dice: Dice) -> Iterator[Row]:
    """Shops that fill one template with many products; some say that they are a business, some do not."""
    words = people.words
    for number in range(_count(dice, n_posts, 12_000)):
        author, marked = people.n_people + 1 + number, dice.chance(0.5)
        shop = f"{dice.of(words['shop_names'])}{' ' if people.lang == 'en' else ''}{dice.of(words['shop_kinds'])}"
        slots = {
            "shop": shop,
            "place": dice.of(people.places),
            "phone": contacts.plain_phone(dice, people.lang),
            "business": contacts.business_number(dice),
            "handle": f"{dice.of(('daily', 'vintage', 'home', 'used', 'our'))}_{dice.below(900)}",
        }
        lines = [line.format_map(slots) for line in dice.of(words["shop"])]
        for _ in range(_size(dice, 15, 60, n_posts)):
            thing = people.thing()
            text = "\n".join([thing.title, thing.slots["price"], *lines])
            yield Row(busy_time(dice, days), author, text, "lookalike_template", f"shop-{number}",
                      category=thing.category, seller_type=_seller(marked), family="shop")  # fmt: skip


def viral(people: People, n_posts: int, days: float, dice: Dice) -> Iterator[Row]:
    """One funny or kind text that many people copy within a day."""
    texts = dice.shuffled(people.words["viral"])
    for number in range(_count(dice, n_posts, 60_000)):
        text = texts[number % len(texts)]
        begin = busy_time(dice, days)
        for _ in range(_size(dice, 50, 260, n_posts)):
            at = min(begin + HOUR_S * (0.3 + 9 * dice.roll() * dice.roll()), days * DAY_S - 1)
            yield Row(at, people.person(dice), _passed_on(people, text, dice), "viral", f"viral-{number % len(texts)}",
                      category=_FUN[people.lang], seller_type="person", family="viral")  # fmt: skip


def _passed_on(people: People, text: str, dice: Dice) -> str:
    roll = dice.roll()
    if roll < 0.6:
        return text
    if roll < 0.75:
        return f"{dice.of(people.words['emoji'])} {text}"
    if roll < 0.9:
        return f"{text}{dice.of(people.words['endings'])}"
    said: str = dice.of(_PASSED[people.lang])
    return f"{said} {text}"


def hot_products(people: People, n_posts: int, days: float, dice: Dice) -> Iterator[Row]:
    """The product of the week, sold by many people in short and similar words."""
    words, forms = people.words, phrases(people.words["hot"])
    items, step = dice.shuffled(words["hot_items"]), 5 if people.lang == "en" else 5_000
    for number in range(_count(dice, n_posts, 30_000)):
        item, worth = items[number % len(items)], (3 + dice.below(26)) * 10 * step
        for _ in range(_size(dice, 40, 180, n_posts)):
            author = people.person(dice)
            price = float(round(worth * (0.85 + 0.3 * dice.roll()) / step) * step)
            slots = people.slots(item, price, dice.of(people.places).rsplit(" ", 1)[-1])
            spec = " ".join(dice.some(words["hot_specs"], dice.between(1, 3)))
            said = [dice.of(forms).say(dice, {**slots, "item": item, "spec": spec})]
            said += people.sentences(slots, author)[: dice.of((0, 1, 1, 2, 3))]
            yield Row(busy_time(dice, days), author, ("\n" if author % 2 else " ").join(said), "lookalike_product", "",
                      category=dice.of(people.categories), seller_type="person", family="hot product")  # fmt: skip


def reposts(people: People, n_posts: int, days: float, dice: Dice) -> Iterator[Row]:
    """People who put up their own unsold thing again, cheaper or not."""
    for number in range(max(1, n_posts // 900)):
        thing = people.thing()
        text, at = people.write(thing), busy_time(dice, days)
        for again in range(dice.of((2, 2, 2, 3, 4))):
            moment = at + again * (1 + 8 * dice.roll()) * HOUR_S
            if moment >= days * DAY_S:
                break
            yield Row(moment, thing.author, _again(people, text, again, dice), "repost", f"repost-{number}",
                      category=thing.category, seller_type=_seller(thing.business), family="repost")  # fmt: skip


def _again(people: People, text: str, again: int, dice: Dice) -> str:
    if not again or dice.chance(0.4):
        return text
    said = _AGAIN[people.lang]
    return f"{dice.of(said)} {text}" if dice.chance(0.5) else f"{text}\n{dice.of(said)}"


def stock_chat(people: People, n_posts: int, days: float, dice: Dice) -> Iterator[Row]:
    """Ready-made answers that the app offers to every buyer."""
    texts = people.words["stock_chat"]
    for _ in range(n_posts // 400):
        which = dice.below(len(texts))
        yield Row(busy_time(dice, days), people.person(dice), texts[which], "lookalike_template", f"stock-{which}",
                  namespace="chat", recipient=people.person(dice), family="stock chat")  # fmt: skip
