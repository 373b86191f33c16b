"""Options, settings and usage errors of the command line."""
