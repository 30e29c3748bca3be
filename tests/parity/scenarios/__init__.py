"""Scenarios, one module per theme; each lists its scenarios in `SCENARIOS`. They are plain data, see `support.steps`."""
