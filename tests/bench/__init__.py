"""Benchmarks: one JSON object a line, each figure beside a floor measured in the same run."""
