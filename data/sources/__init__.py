"""Where datasets come from: GroupLens through TFDS, PyPI, archives and directories."""
