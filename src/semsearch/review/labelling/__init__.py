"""Labelling: drawing pairs, sessions of people, adjudication, and labels in and out of other tools."""
