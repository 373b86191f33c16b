"""Runs experiments: fits on a split, evaluates, compares, repeats."""
