"""Reads and writes run directories."""
