"""Benchmarks: what the product costs, beside its peers, on data that anyone can fetch again."""
