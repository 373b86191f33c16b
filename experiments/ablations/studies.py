"""The ablations: each asks what one part of a model is worth, and names the settings that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfrs_lab.models.retrieval.config import RetrievalConfig


@dataclass(frozen=True)
class Ablation:
    """A question, and the variants of an experiment that answer it.

    Attributes:
        question: What the table answers.
        experiment: Name of the experiment whose default is compared with the variants.
        variants: Name → fields of the configuration (dotted where nested) and the values that they take instead. A
            variant that equals the default is left out of the table.
        base: Fields in which the default of the ablation differs from the experiment's.
    """

    question: str
    experiment: str
    variants: Mapping[str, Mapping[str, Any]]
    base: Mapping[str, Any] = field(default_factory=dict)


ID_ONLY = {"parts": ("id",)}
IN_BATCH_ONLY = {"parts": ("in_batch",), "in_batch.learning_rate": 2e-3}
JOINT_ONLY = {"retrieval.parts": ("joint",), "simulations": 1}
NO_TITLES = {"features.words": 0, "features.grams": 0}
PARTS = RetrievalConfig().parts

STUDIES: dict[str, Ablation] = {
    "bias": Ablation(
        "What is a learned bias for each movie worth, initialised to its log-popularity?",
        "retrieval",
        {"no bias": {"id.bias": False}},
        ID_ONLY,
    ),
    "context": Ablation(
        "What is it worth that the query tower knows the time? Ask on a split in time.",
        "retrieval",
        {
            "time": {"in_batch.query": ("id", "context")},
            "time, finer": {"in_batch.query": ("id", "context"), "in_batch.periods": 96},
        },
        IN_BATCH_ONLY,
    ),
    "dimension": Ablation(
        "How many dimensions does a vector need?",
        "retrieval",
        {f"dimension {value}": {"id.dimension": value, "dimension": value} for value in (16, 32, 64, 128, 256)},
        ID_ONLY,
    ),
    "history": Ablation(
        "What is the user's history worth beside or instead of the user's id?",
        "retrieval",
        {"history": {"id.query": ("history",)}, "id and history": {"id.query": ("id", "history")}},
        ID_ONLY,
    ),
    "logq": Ablation(  # Yi et al., RecSys 2019
        "What is it worth to correct in-batch negatives for popularity, and to ignore the row's own movie?",
        "retrieval",
        {
            "no logQ": {"in_batch.logq": False},
            "accidental hits kept": {"in_batch.remove_accidental_hits": False},
            "neither": {"in_batch.logq": False, "in_batch.remove_accidental_hits": False},
        },
        IN_BATCH_ONLY,
    ),
    "negatives": Ablation(
        "What are more negatives worth? A batch of n rows gives each row n - 1; uniform ones come on top.",
        "retrieval",
        {
            **{f"batch of {value}": {"in_batch.batch_size": value} for value in (256, 1024, 4096)},
            "1024 uniform ones more": {"in_batch.uniform_negatives": 1024},
            "the 100 hardest": {"in_batch.hard_negatives": 100},
        },
        IN_BATCH_ONLY,
    ),
    "normalize": Ablation(
        "What is it worth to scale vectors to unit length? Without it, the usual temperature is 1.",
        "retrieval",
        {
            "inner product": {"id.normalize": False},
            "inner product, temperature 1": {"id.normalize": False, "id.temperature": 1.0},
        },
        ID_ONLY,
    ),
    "parts": Ablation(
        "What is each part of the combined model worth?",
        "retrieval",
        {f"without {name}": {"parts": tuple(part for part in PARTS if part != name)} for name in PARTS},
    ),
    "stays": Ablation(
        "What is it worth that two movies rated in one session count more as a pair than two from different sessions?",
        "retrieval",
        {"order does not matter": {"linear.apart": 1.0}},
    ),
    "tasks": Ablation(
        "What do the tasks of the multitask network give each other, and does it matter how their losses are weighted?",
        "hybrid",
        {
            "retrieval alone": {"retrieval.joint.tasks": ("retrieval",)},
            "without content": {"retrieval.joint.tasks": ("retrieval", "rating")},
            "without ratings": {"retrieval.joint.tasks": ("retrieval", "content")},
            "weighed by uncertainty": {"retrieval.joint.weighting": "uncertainty"},
            "weighed by GradNorm": {"retrieval.joint.weighting": "gradnorm"},
        },
        JOINT_ONLY,
    ),
    "temperature": Ablation(
        "How sharp should the softmax be?",
        "retrieval",
        {f"temperature {value}": {"id.temperature": value} for value in (0.1, 0.2, 0.3, 0.5, 1.0)},
        ID_ONLY,
    ),
    "titles": Ablation(
        "What do titles tell about new movies beyond genres and dates? Ask on cold-items, over draws.",
        "content",
        {
            "no titles": NO_TITLES,
            "words only": {"features.grams": 0},
            "n-grams only": {"features.words": 0},
            "sentence vectors instead": {**NO_TITLES, "features.sentences": "wordllama"},
            "sentence vectors too": {"features.sentences": "wordllama"},
            "trained towers, bag of words": {"parts": ("tower",)},
            "trained towers, attention": {"parts": ("tower",), "tower.title": "attention"},
            "trained towers, convolution": {"parts": ("tower",), "tower.title": "convolution"},
            "trained towers, no titles": {"parts": ("tower",), "tower.title": "none", **NO_TITLES},
            "kernel and trained towers": {"parts": ("kernel", "tower")},
        },
    ),
    "weights": Ablation(
        "What does a heavier rating task cost the lists, and what does it gain the ratings?",
        "hybrid",
        {f"ratings weigh {weight:g}": {"retrieval.joint.weights.rating": weight} for weight in (3.0, 30.0, 300.0, 3e3)},
        JOINT_ONLY,
    ),
}
