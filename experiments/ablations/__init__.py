"""Ablations: what one part of a model is worth."""
