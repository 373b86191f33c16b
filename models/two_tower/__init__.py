"""Query and candidate towers trained with TFRS: parts, objectives and the model of a pair."""
