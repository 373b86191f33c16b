"""The subcommands of `recs`, a module each with a function `main(words)`."""
