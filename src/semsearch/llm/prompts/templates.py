"""The little of Jinja that a prompt may use: read before anything is run, then rendered in Jinja's sandbox.

`{{ name }}`, `{% if name %}` with and, or, not, == and !=, `{% for each in name %}` over a list from outside, and
`loop.index`. Nothing else: a filter or a slice could cut the markers off a text from outside, and a loop over numbers
need not end. A text from outside is one opaque value, which a template can place or leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jinja2 import Template, nodes
    from jinja2.sandbox import SandboxedEnvironment

ALLOWED = "a prompt may hold {{ name }}, {% if name %}, {% for each in name %} and loop.index"
LOOP = ("index", "first", "last", "length")
"""What may be asked of `loop`."""
KINDS = ("Template", "Output", "TemplateData", "Name", "Const", "If", "For", "And", "Or", "Not", "Compare", "Operand")
"""Of the nodes that Jinja reads a template as."""
COMPARED = ("eq", "ne")
CALLED = {
    "Call": "a call",
    "Filter": "a filter",
    "Getattr": "an attribute",
    "Getitem": "an index or a slice",
    "Assign": "{% set %}",
    "Test": "a test",
}
"""How people call what else Jinja knows."""


class Flaw(ValueError):
    """What is wrong in a template; `line` is None where nobody knows."""

    def __init__(self, line: int | None, told: str) -> None:
        super().__init__(told)
        self.line = line


class Outside:
    """One text from outside: it can be placed as a whole, or asked whether it is empty."""

    __slots__ = ("_empty", "_text")

    def __init__(self, text: str, *, empty: bool = False) -> None:
        self._text = text
        self._empty = empty

    def __str__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return not self._empty

    def __iter__(self) -> Iterator[str]:
        raise TypeError("one text is placed by {{ name }}, not by {% for each in name %}")


class OutsideList:
    """Texts from outside: a loop gives them one by one."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Iterable[Outside]) -> None:
        self._texts = list(texts)

    def __iter__(self) -> Iterator[Outside]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __str__(self) -> str:
        raise TypeError("a list of texts is placed by {% for each in name %}, not by {{ name }}")


class Names(NamedTuple):
    """The variables of a template."""

    used: Mapping[str, int]
    """To the line in which each stands first."""
    listed: frozenset[str]
    """Those that a loop runs over."""


def names(source: str, line: int = 1) -> Names:
    """The variables of a template whose first line is `line` of its file; raises Flaw for what a prompt may not hold.

    Nothing of the template is run.
    """
    reader = _Reader()
    try:
        reader.read(_parsed("\n" * (line - 1) + source), frozenset())
        _compiled(source)
    except (RecursionError, SyntaxError) as error:
        raise Flaw(None, "the template is nested too deep") from error
    return Names(reader.used, frozenset(reader.listed))


def rendered(source: str, values: Mapping[str, str | Outside | OutsideList]) -> str:
    """A template that `names` lets pass, filled in.

    Raises Flaw for a variable that it places and that is not given, and for a list that it places as one text.
    """
    from jinja2 import TemplateError

    try:
        return _compiled(source).render(values).strip()
    except (TemplateError, TypeError) as error:
        raise Flaw(None, str(error)) from error


class _Reader:
    """Walks a parsed template once, collecting variables."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}
        self.listed: set[str] = set()

    def read(self, node: nodes.Node, bound: frozenset[str]) -> None:
        """Read a node and all below it; `bound` is what the loop around it names, empty outside of loops."""
        from jinja2 import nodes

        kind = type(node).__name__
        if isinstance(node, nodes.Getattr) and _asks_loop(node, bound):
            return
        if kind not in KINDS:
            raise Flaw(node.lineno, f"{CALLED.get(kind, kind)} cannot stand here: {ALLOWED}")
        if isinstance(node, nodes.Compare) and any(operand.op not in COMPARED for operand in node.ops):
            raise Flaw(node.lineno, f"only == and != compare: {ALLOWED}")
        if isinstance(node, nodes.For):
            self._read_loop(node, bound)
            return
        if isinstance(node, nodes.Name) and node.name not in bound:
            self.used[node.name] = min(node.lineno, self.used.get(node.name, node.lineno))
        for child in node.iter_child_nodes():
            self.read(child, bound)

    def _read_loop(self, loop: nodes.For, bound: frozenset[str]) -> None:
        from jinja2 import nodes

        if bound or loop.recursive or loop.test is not None:
            raise Flaw(loop.lineno, "a loop cannot stand in a loop, call itself or have a condition")
        if not (isinstance(loop.iter, nodes.Name) and isinstance(loop.target, nodes.Name)):
            raise Flaw(loop.lineno, f"a loop runs over one variable from outside: {ALLOWED}")
        self.listed.add(loop.iter.name)
        self.read(loop.iter, bound)
        for node in loop.body:
            self.read(node, frozenset({loop.target.name, "loop"}))
        for node in loop.else_:
            self.read(node, bound)


def _asks_loop(node: nodes.Getattr, bound: frozenset[str]) -> bool:
    return "loop" in bound and getattr(node.node, "name", "") == "loop" and node.attr in LOOP


def _parsed(source: str) -> nodes.Template:
    from jinja2 import TemplateSyntaxError

    try:
        return _environment().parse(source)
    except TemplateSyntaxError as error:
        raise Flaw(error.lineno, f"the template cannot be read: {error.message}") from error


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    return _environment().from_string(source)


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    """Jinja's sandbox without its globals; what is not given is false in an `if` and an error where it is placed."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class NotGiven(StrictUndefined):
        __slots__ = ()

        def __bool__(self) -> bool:  # type: ignore[override]
            return False

    environment = ImmutableSandboxedEnvironment(undefined=NotGiven, trim_blocks=True, lstrip_blocks=True)
    environment.globals.clear()
    return environment
