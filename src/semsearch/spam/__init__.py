"""How professional sellers write: learned by a large model, approved by people, looked for by a small one.

```
labelled posts ──▶ drafts/ ──▶ approving ──▶ verdicts/ ──▶ worth/
                   a text       a person      a verdict      figures beside rivals, drift
```
`steps` learns and approves, `judging` detects and evaluates: what the commands do, each keeping what it has made.
"""
