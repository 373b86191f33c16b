"""Recommendations with titles and reasons, from a run, an export or a file of ratings."""
