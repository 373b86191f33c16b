"""Parts that are solved instead of descended: EASE, transitions and trends."""
