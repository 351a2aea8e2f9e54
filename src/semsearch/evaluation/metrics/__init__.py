"""One file a metric family; each function maps a GradeTable and a cut k (None: the whole ranking) to [n_queries]."""

from semsearch.evaluation.metrics.names import FAMILIES, Metric, parse_metric, parse_metrics

__all__ = ["FAMILIES", "Metric", "parse_metric", "parse_metrics"]
