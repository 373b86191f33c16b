"""Tables, figures and plots of README and docs, written from committed results."""
