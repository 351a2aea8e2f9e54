"""The state of moderation on SQLite: journal, campaigns, alerts, decisions, outbox. Its only reader and writer."""
