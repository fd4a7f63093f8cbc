"""Benchmarks: tt-ops compared with the tools that a user would pick instead."""
