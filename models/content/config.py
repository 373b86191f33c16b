"""Configurations of what is learned from the content of movies: plain Python, no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfrs_lab.models.checks import AtLeast, Checked, Count, NotEmpty, NotNegative, Positive, Share, Size

TitleName = Literal["bag", "attention", "convolution", "none"]
ContentPartName = Literal["kernel", "tower"]


@dataclass(frozen=True)
class FeatureConfig(Checked):
    """What is read from raw features; the vocabularies come from the movies of train."""

    words: Size = 2000
    """Maximum number of words and word pairs of titles; 0 for none."""
    grams: Size = 4000
    """Maximum number of character n-grams (3 and 4 long) of titles; 0 for none."""
    tags: Size = 1000
    """Maximum number of tags."""
    least_movies: Count = 2
    """Minimum number of movies with a word, n-gram or tag."""
    sentences: str = ""
    """Frozen sentence vectors of titles from this encoder, beside words: wordllama (extra `sentences`); empty: none."""


@dataclass(frozen=True)
class KernelConfig(Checked):
    """Kernel ridge regression of each user's movies on their content; closed form."""

    dimension: Annotated[int, AtLeast(2)] = 128
    """Length of the vectors."""
    regularization: Positive = 20.0
    """Ridge penalty; more trusts a user's own movies less."""
    common_regularization: Positive = 2.0
    """Ridge penalty of what all users together like."""
    age_width: Positive = 0.7
    """Width of the kernel of log-ages; age is years before the newest release of train."""
    genre_width: Positive = 1.8
    """Width of the kernel of genres and flags."""
    words: NotNegative = 0.5
    """Weight of the words that titles share."""
    grams: NotNegative = 0.5
    """Weight of the character n-grams that titles share."""
    tags: NotNegative = 1.0
    """Weight of the tags that movies share."""
    sentences: NotNegative = 0.5
    """Weight of the likeness of sentence vectors, where there are any."""
    people_regularization: Positive = 3000.0
    """Ridge penalty, in ratings, of what people's demographics tell."""
    landmarks: Annotated[int, AtLeast(2)] = 3000
    """Number of movies of train, those with most ratings, that movies are compared with."""


@dataclass(frozen=True)
class ContentTowerConfig(Checked):
    """A candidate tower over raw features, a query tower over its vectors, and a softmax over the catalogue."""

    dimension: Count = 64
    """Length of the vectors."""
    title: TitleName = "bag"
    """How the words of a title become a vector: their mean, attention over them, a convolution, or not at all."""
    hidden: Size = 0
    """Units of a hidden layer over all features; 0 for a linear tower."""
    temperature: Positive = 0.3
    """Cosines are divided by this before the softmax."""
    dropout: Share = 0.3
    """Share of the candidate tower's inputs dropped in training."""
    history_dropout: Share = 0.3
    """Share of the history hidden in training; only what was hidden is a target."""
    penalty: NotNegative = 3e-4
    """L2 penalty on the candidate tower's weights."""
    title_penalty: NotNegative = 1.0
    """The same on those of titles, whose words are many and rare."""
    batch_size: Count = 128
    """Users per training step."""
    learning_rate: Positive = 3e-3
    """Step size of Adam at first; it falls to zero with a cosine."""
    epochs: Count = 30
    """Passes over the users."""


@dataclass(frozen=True)
class ContentConfig(Checked):
    """No ids: movies are what they are made of, users what they rated and who they are."""

    parts: Annotated[tuple[ContentPartName, ...], NotEmpty(distinct=True)] = ("kernel",)
    """What is fitted: a kernel regression in closed form, a trained tower; scores of several are added up."""
    prior: Positive = 3.0
    """Pseudo-count: a user's demographics count like this many movies."""
    features: FeatureConfig = field(default_factory=FeatureConfig)
    """What is read from the raw features of movies."""
    kernel: KernelConfig = field(default_factory=KernelConfig)
    """The closed-form part."""
    tower: ContentTowerConfig = field(default_factory=ContentTowerConfig)
    """The trained part."""
