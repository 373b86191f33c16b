"""``python -m tfrs_lab.experiments``: the same as ``recs``."""

import sys

from tfrs_lab.experiments.cli import main

sys.exit(main())
