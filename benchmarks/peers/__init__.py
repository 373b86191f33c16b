"""Contenders that run in the peers' environment, which has none of this project's packages."""
