"""TFRS Lab: recommenders on TensorFlow Recommenders, compared honestly and served."""
