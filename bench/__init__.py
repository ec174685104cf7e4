"""Benchmarks that print ratios against peers, measured in one run; no part of the tests."""
