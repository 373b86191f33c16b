"""Models of the order of a history: GRU and self-attention under a catalogue softmax."""
