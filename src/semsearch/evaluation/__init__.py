"""Figures from runs, judgements and labels: pure functions, NumPy only but for ppi-python in `powered`.

```
Run, Qrels, Queries            →  evaluate()      →  Evaluation  →  compare()  →  Comparison
grades of the same pairs       →  agree()         →  Agreement
values of people, of a machine →  powered_mean()  →  Powered  →  queries_for()  →  Plan
```
"""
