"""Could a hit have been meant? Query and item compared word by word, and why they fit or do not.

words: what is compared of a query and of an item · quantities: numbers, sizes and codes · calibration: from which
likeness two words are one · ties: one word against one item · judging: one hit against one query.
"""
