"""What the queries that fail are taught: their clicks, cleaned; extra training with them; and what it gave."""
