"""The retrieval model: parts trained one by one, weighted on validation, in one vector."""
