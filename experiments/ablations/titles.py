"""The text of titles, for movies that nobody has rated."""

from tfrs_lab.experiments.ablations import Ablation

NONE = {"features.words": 0, "features.grams": 0}

ABLATION = Ablation(
    question="What do titles tell about new movies beyond genres and dates? Ask on cold-items, over draws.",
    experiment="content",
    variants={
        "no titles": NONE,
        "words only": {"features.grams": 0},
        "n-grams only": {"features.words": 0},
        "sentence vectors instead": {**NONE, "features.sentences": "wordllama"},
        "sentence vectors too": {"features.sentences": "wordllama"},
        "trained towers, bag of words": {"parts": ("tower",)},
        "trained towers, attention": {"parts": ("tower",), "tower.title": "attention"},
        "trained towers, convolution": {"parts": ("tower",), "tower.title": "convolution"},
        "trained towers, no titles": {"parts": ("tower",), "tower.title": "none", **NONE},
        "kernel and trained towers": {"parts": ("kernel", "tower")},
    },
)
