"""Benchmarks: they print tables and judge nothing. ``python -m tests.perf`` lists and runs them."""
