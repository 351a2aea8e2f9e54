"""Figures from labels: agreement of graders, and intervals from people's and a machine's."""
