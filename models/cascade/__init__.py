"""Two stages: candidates of the retrieval model, ranked with features."""
