"""Train, validation and test: the kinds of split, and how a given split was made."""
