"""Export a model as a SavedModel, load it, serve it. Needs TensorFlow (and ScaNN where it is used), no other room."""
