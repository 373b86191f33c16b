"""What the benchmarks start in processes of their own: ours and the peers, and the environment that these need."""
