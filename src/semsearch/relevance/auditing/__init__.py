"""A machine's labels held against people's."""
