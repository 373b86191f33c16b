"""Long hunts for what breaks: damaged files, killed runs, hostile clients. ``python -m soak``; short in tests/soak."""
