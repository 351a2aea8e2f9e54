"""How relevant an item is to a query: a rubric, machine grades from facets, and how far to trust them."""
