"""What somebody said of a pair, as others may see it."""

from __future__ import annotations

from dataclasses import dataclass

from semsearch.records import Facet, Label
from semsearch.relevance.rubric import Grade, contradiction
from semsearch.relevance.rubric import grade as graded
from semsearch.review.labelling.strategies import ends


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody said of a pair, without a name."""

    grade: Grade
    facets: tuple[Facet, ...] = ()
    note: str = ""
    rule: Grade | None = None
    """What the facets give, when the grade contradicts them."""

    @classmethod
    def of(cls, label: Label) -> Opinion:
        """That of a label; why it came to its grade is known of facets."""
        rule = graded(label.facets) if label.facets else Grade(*ends(label), "")
        same = (rule.low, rule.high) == ends(label)
        return cls(rule if same else Grade(*ends(label), ""), label.facets, label.note, contradiction(label))

    @property
    def bare(self) -> Opinion:
        """The grade alone."""
        return Opinion(Grade(self.grade.low, self.grade.high, ""))
