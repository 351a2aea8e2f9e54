"""Figures from runs and judgements: pure functions, NumPy only.

```
Run, Qrels, Queries  →  evaluate()  →  Evaluation  →  compare()  →  Comparison
```
"""
