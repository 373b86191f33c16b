"""README and docs: tables, pictures and numbers in the text, made from the committed results."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"
