"""Metric math: queries, expressions, searches."""
