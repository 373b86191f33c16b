"""From a run to an index and a SavedModel."""
