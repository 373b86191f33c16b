"""What a fit says."""

from tfrs_lab.models.training.reporter import Reporter


class Lines(Reporter):
    """Keeps the lines that it is told."""

    def __init__(self):
        self.lines = []

    def line(self, text):
        self.lines.append(text)
