"""Configurations of what is learned from the content of movies: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tfrs_lab.models.two_tower.config import require

TitleName = Literal["bag", "attention", "convolution", "none"]
ContentPartName = Literal["kernel", "tower"]


@dataclass(frozen=True)
class FeatureConfig:
    """What is read from raw features; the vocabularies come from the movies of train."""

    words: int = 2000
    """At most so many words and pairs of words of titles; 0 for none."""
    grams: int = 4000
    """At most so many character n-grams (3 and 4 long) of titles; 0 for none."""
    tags: int = 1000
    """At most so many tags."""
    least_movies: int = 2
    """A word, n-gram or tag counts from so many movies on."""
    sentences: str = ""
    """Frozen sentence vectors of titles from this encoder, beside words: wordllama (extra `sentences`); empty: none."""

    def __post_init__(self) -> None:
        for name in ("words", "grams", "tags"):
            require(getattr(self, name) >= 0, name, "an integer of at least 0", getattr(self, name))
        require(self.least_movies >= 1, "least_movies", "an integer of at least 1", self.least_movies)


@dataclass(frozen=True)
class KernelConfig:
    """Kernel ridge regression of each user's movies on their content; closed form."""

    dimension: int = 128
    """Length of the vectors."""
    regularization: float = 20.0
    """Ridge penalty; more trusts a user's own movies less."""
    common_regularization: float = 2.0
    """Ridge penalty of what all users together like."""
    age_width: float = 0.7
    """Movies whose log-ages differ by so much are somewhat alike; age is years before the newest release of train."""
    genre_width: float = 1.8
    """Movies that differ in the square of so many genres or flags are somewhat alike."""
    words: float = 0.5
    """Weight of the words that titles share."""
    grams: float = 0.5
    """Weight of the character n-grams that titles share."""
    tags: float = 1.0
    """Weight of the tags that movies share."""
    sentences: float = 0.5
    """Weight of the likeness of sentence vectors, where there are any."""
    people_regularization: float = 3000.0
    """Ridge penalty, in ratings, of what people's demographics tell."""
    landmarks: int = 3000
    """Movies are compared with so many of train, those with most ratings."""

    def __post_init__(self) -> None:
        for name in ("dimension", "landmarks"):
            require(getattr(self, name) >= 2, name, "an integer of at least 2", getattr(self, name))
        for name in ("regularization", "common_regularization", "people_regularization", "age_width", "genre_width"):
            require(getattr(self, name) > 0, name, "a number above 0", getattr(self, name))
        for name in ("words", "grams", "tags", "sentences"):
            require(getattr(self, name) >= 0, name, "a number of at least 0", getattr(self, name))


@dataclass(frozen=True)
class ContentTowerConfig:
    """A candidate tower over raw features, a query tower over its vectors, and a softmax over the catalogue."""

    dimension: int = 64
    """Length of the vectors."""
    title: TitleName = "bag"
    """How the words of a title become a vector: their mean, attention over them, a convolution, or not at all."""
    hidden: int = 0
    """Units of a hidden layer over all features; 0 for a linear tower."""
    temperature: float = 0.3
    """Cosines are divided by this before the softmax."""
    dropout: float = 0.3
    """Share of the candidate tower's inputs dropped in training."""
    history_dropout: float = 0.3
    """Share of the history hidden in training; only what was hidden is a target."""
    penalty: float = 3e-4
    """L2 penalty on the candidate tower's weights."""
    title_penalty: float = 1.0
    """The same on those of titles, whose words are many and rare."""
    batch_size: int = 128
    """Users per training step."""
    learning_rate: float = 3e-3
    """Step size of Adam at first; it falls to zero with a cosine."""
    epochs: int = 30
    """Passes over the users."""

    def __post_init__(self) -> None:
        for name in ("dimension", "batch_size", "epochs"):
            require(getattr(self, name) >= 1, name, "an integer of at least 1", getattr(self, name))
        for name in ("temperature", "learning_rate"):
            require(getattr(self, name) > 0, name, "a number above 0", getattr(self, name))
        for name in ("dropout", "history_dropout"):
            require(0 <= getattr(self, name) < 1, name, "a share of at least 0 and below 1", getattr(self, name))
        for name in ("hidden", "penalty", "title_penalty"):
            require(getattr(self, name) >= 0, name, "a number of at least 0", getattr(self, name))


@dataclass(frozen=True)
class ContentConfig:
    """No ids: movies are what they are made of, users what they rated and who they are."""

    parts: tuple[ContentPartName, ...] = ("kernel",)
    """What is fitted: a kernel regression in closed form, a trained tower; scores of several are added up."""
    prior: float = 3.0
    """A user's demographics count like so many movies."""
    features: FeatureConfig = field(default_factory=FeatureConfig)
    """What is read from the raw features of movies."""
    kernel: KernelConfig = field(default_factory=KernelConfig)
    """The closed-form part."""
    tower: ContentTowerConfig = field(default_factory=ContentTowerConfig)
    """The trained part."""

    def __post_init__(self) -> None:
        require(bool(self.parts), "parts", "at least one part", self.parts)
        require(len(set(self.parts)) == len(self.parts), "parts", "each part once", self.parts)
        require(self.prior > 0, "prior", "a number above 0", self.prior)
