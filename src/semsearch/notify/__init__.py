"""Telling people and programs of alerts: Slack (bot or webhook) and JSON Lines.

```
message ← blocks ← slack
sink    ← calls  ← webhook
        ← jsonl
```
"""
