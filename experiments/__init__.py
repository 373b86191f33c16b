"""Experiments and the command line: runs, comparisons, reports. No other room imports this one."""
