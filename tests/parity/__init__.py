"""Differential tests: the same scenarios on Sightline and on the published reference package."""
