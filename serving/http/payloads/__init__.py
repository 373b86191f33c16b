"""JSON to tensors and back, as TensorFlow Serving reads and writes it."""
