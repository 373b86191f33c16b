"""Rating prediction from what else user and movie were rated."""
