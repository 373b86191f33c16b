"""TensorBoard, the embedding projector and MLflow."""
