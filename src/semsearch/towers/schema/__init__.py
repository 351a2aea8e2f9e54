"""What the two towers read: a schema in a file, its features and groups, and their tokens."""
