"""Speed and scale, side by side, in one process run."""
