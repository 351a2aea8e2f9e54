"""Calls: one with its attempts, many at once, each answer kept before it is given, in the order of the questions."""
