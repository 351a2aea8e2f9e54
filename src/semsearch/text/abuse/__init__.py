"""Views of a text that somebody wrote to slip past filters. For moderation alone: search never folds so much."""
