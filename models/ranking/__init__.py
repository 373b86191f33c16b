"""Ranking by predicted ratings: the multitask model with its rating task alone."""
