"""Retrieval, content and rating tasks on shared tables in one Keras model."""
