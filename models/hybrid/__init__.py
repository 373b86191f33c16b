"""Collaborative and content scores on one scale, for movies with and without ratings."""
