"""Tables, plots and the explorer, for terminals and notebooks."""
