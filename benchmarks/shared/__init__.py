"""What benchmarks share: records with targets, processes that are measured, load over HTTP, a small export."""
