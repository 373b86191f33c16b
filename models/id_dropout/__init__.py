"""One pair of towers over ids and features, whose ids are dropped in training."""
