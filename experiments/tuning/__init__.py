"""What ``recs tune`` does: folds to validate on, a study in one file, the search, and the record of what it found."""
