"""Language models: questions in, checked answers or abstentions out, behind a guard and within a budget.

```
prompts/ ── question ──▶ messages ◀── guard/          what is sent: own words apart from outside text
                            │
                         asking ◀── budget            in order, each paid for once, below the cap
                            │
                        calling/ ◀── endpoint         one call and its attempts; many at once; kept before given
                            │
                         answers                      a value of the asked shape, or an abstention with its cause
```
`embeddings` is the same endpoint as an encoder.
"""
