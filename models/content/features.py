"""From raw features of movies to numbers, inside the graph: titles, genres, dates and tags; anything may be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.content.config import FeatureConfig
from tfrs_lab.models.content.inputs import DAYS_PER_YEAR, RawMovies

FIRST_YEAR = 1970
YEAR_STEPS = (0.5, 1, 1.5, 2, 3, 4, 6, 9, 13, 18, 25, 35, 50)
"""Bins of age in years; the first three hold half years."""
TITLE_LENGTH = 12
_YEAR = r"\s*\(\d{4}\)\s*$"
_FOREIGN = r".*(\(.+\)|, (le|la|les|l'|il|el|los|las|lo|der|die|das|un|une|det|den|o|os|i))$"
_ALTERNATIVE = r"\(.*\)"
VOCABULARIES = ("genres", "tags", "words", "grams")


def title_text(title: tf.Tensor) -> tf.Tensor:
    """[batch] string: lower case, without the year."""
    return tf.strings.regex_replace(tf.strings.lower(tf.strings.strip(title)), _YEAR, "")


def _cleaned(title: tf.Tensor) -> tf.Tensor:
    """[batch] string: letters and digits of any script, and single spaces."""
    text = tf.strings.regex_replace(title_text(title), r"[^\pL\pN' ]", " ")
    return tf.strings.strip(tf.strings.regex_replace(text, r"\s+", " "))


def _spaced(title: tf.Tensor) -> tf.Tensor:
    """The same with a space at both ends, so that n-grams know where words begin and end."""
    return tf.strings.join([" ", _cleaned(title), " "])


def _vectorizer(kind: str, vocabulary: list[str]) -> tf.keras.layers.TextVectorization:
    """Word unigrams and bigrams, or character 3- and 4-grams, to ragged numbers; 1 is out of vocabulary."""
    words = kind == "words"
    layer = tf.keras.layers.TextVectorization(
        standardize=_cleaned if words else _spaced,
        split="whitespace" if words else "character",
        ngrams=2 if words else (3, 4),
        output_mode="int",
        ragged=True,
    )
    if vocabulary:
        layer.set_vocabulary(vocabulary)
    return layer


class MovieFeatures(tf.keras.layers.Layer):
    """Numbers of movies.

    Args:
        vocabularies: ``genres``, ``tags``, ``words`` and ``grams``: [n] str each; of the last three also
            ``<name>_weight`` [n] float32, how telling each is. ``newest`` [] float32, in years: the newest release;
            ``sentence_size`` [] int32: length of sentence vectors, 0 for none; ``sentence_encoder`` [] str: its name.
    """

    def __init__(self, vocabularies: Mapping[str, np.ndarray]) -> None:
        super().__init__(trainable=False)
        self.vocabularies = dict(vocabularies)
        self.size = {name: len(vocabularies[name]) for name in VOCABULARIES}
        self.weight = {name: tf.constant(vocabularies[f"{name}_weight"]) for name in ("tags", "words", "grams")}
        self.newest = float(vocabularies["newest"])
        self.titles = {
            name: _vectorizer(name, vocabularies[name].tolist()) for name in ("words", "grams") if self.size[name]
        }
        self.tables = {name: _table(vocabularies[name]) for name in ("genres", "tags") if self.size[name]}

    def call(self, raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Numbers from raw features.

        Args:
            raw: See ``inputs.RawMovies``; batches [batch] and [batch, any].

        Returns:
            ``age`` [batch, 1], log of years before the newest release of train; ``genres`` [batch, genres] and
            ``flags`` [batch, 4] (foreign title, only the year known, no date at all, no genre) of 0 and 1; ``steps``
            [batch, steps], 1 where the age is at least that of the step; ``words``, ``grams`` and ``tags``
            [batch, vocabulary] of unit length or 0; ``title`` [batch, TITLE_LENGTH] int32, numbers of the words from 1,
            0 for padding; ``sentence`` if given.
        """
        genres = self._multi_hot("genres", raw["movie_genres"])
        years, flags = self._years(raw)
        flags.append(tf.cast(tf.reduce_sum(genres, axis=1) == 0, tf.float32))
        features = {
            "age": tf.math.log(years + 0.3)[:, None],
            "genres": genres,
            "flags": tf.stack(flags, axis=1),
            "steps": tf.cast(years[:, None] >= tf.constant(YEAR_STEPS, tf.float32), tf.float32),
            "tags": self._weighted("tags", self._multi_hot("tags", raw["tags"])),
            **self._titles(raw["movie_title"]),
        }
        return features | ({"sentence": tf.math.l2_normalize(raw["sentence"], axis=1)} if "sentence" in raw else {})

    def nothing(self) -> dict[str, tf.Tensor]:
        """Raw features of one movie of which nothing is known."""
        missing = tf.constant([float("nan")])
        raw = {
            "movie_title": tf.constant([""]),
            "movie_genres": tf.constant([[""]]),
            "tags": tf.constant([[""]]),
            "release_year": missing,
            "release_date": missing,
        }
        size = int(self.vocabularies["sentence_size"])
        return raw | ({"sentence": tf.zeros((1, size))} if size else {})

    def _years(self, raw: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Years before the newest release [batch], of typical age where unknown, and flags."""
        exact = raw["release_date"] / DAYS_PER_YEAR + FIRST_YEAR
        coarse = raw["release_year"]
        no_date, no_year = tf.math.is_nan(exact), tf.math.is_nan(coarse)
        released = tf.where(no_date, coarse + 0.5, exact)
        unknown = no_date & no_year
        years = tf.where(unknown, 4.0, tf.maximum(self.newest - released, 0.0))
        january_first = tf.abs(exact - tf.round(exact)) < 1.01 / DAYS_PER_YEAR
        foreign = tf.strings.regex_full_match(title_text(raw["movie_title"]), _FOREIGN)
        return years, [tf.cast(flag, tf.float32) for flag in (foreign, january_first | no_date, unknown)]

    def _titles(self, title: tf.Tensor) -> dict[str, tf.Tensor]:
        """``words`` and ``grams`` [batch, vocabulary], and ``title`` [batch, TITLE_LENGTH]."""
        found = {}
        for name in ("words", "grams"):
            hot = tf.zeros((tf.shape(title)[0], self.size[name]))
            if self.size[name]:
                tokens = self.titles[name](title).to_tensor(default_value=1)
                hot = _multi_hot(tokens - 2, self.size[name])
            found[name] = self._weighted(name, hot)
        if self.size["words"]:
            tokens = self.titles["words"](title)
            known = tf.ragged.boolean_mask(tokens, tokens > 1) - 1
            found["title"] = known.to_tensor(shape=(None, TITLE_LENGTH))
        else:
            found["title"] = tf.zeros((tf.shape(title)[0], TITLE_LENGTH), tf.int64)
        return found

    def _multi_hot(self, name: str, values: tf.Tensor) -> tf.Tensor:
        """[batch, vocabulary] float32 from [batch, any] string."""
        if not self.size[name]:
            return tf.zeros((tf.shape(values)[0], 0))
        return _multi_hot(self.tables[name].lookup(values), self.size[name])

    def _weighted(self, name: str, hot: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(hot * self.weight[name], axis=1)


def _table(vocabulary: np.ndarray) -> tf.lookup.StaticHashTable:
    keys = tf.constant(vocabulary.tolist(), tf.string)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, tf.range(len(vocabulary), dtype=tf.int64)), default_value=-1
    )


def _multi_hot(numbers: tf.Tensor, size: int) -> tf.Tensor:
    """[batch, size] float32 of 0 and 1 from [batch, any] int64; negative numbers count as nothing."""
    ones = tf.math.bincount(
        tf.cast(numbers + 1, tf.int32), minlength=size + 1, maxlength=size + 1, axis=-1, binary_output=True
    )
    return tf.cast(ones[:, 1:], tf.float32)


def learn_vocabularies(config: FeatureConfig, raw: RawMovies) -> dict[str, np.ndarray]:
    """What ``MovieFeatures`` needs, from the movies of train."""
    movies = len(raw["movie_title"])
    learned: dict[str, np.ndarray] = {"genres": np.array(sorted(set(raw["movie_genres"].ravel()) - {""}), dtype=str)}
    texts = {name: _all_tokens(name, raw["movie_title"]) for name in ("words", "grams")}
    texts["tags"] = [[tag for tag in row if tag] for row in raw["tags"]]
    for name, tokens in texts.items():
        counts = Counter(token for text in tokens for token in set(text))
        frequent = [(token, count) for token, count in counts.items() if count >= config.least_movies]
        kept = sorted(frequent, key=lambda pair: (-pair[1], pair[0]))[: getattr(config, name)]
        learned[name] = np.array([token for token, _ in kept], dtype=str)
        learned[f"{name}_weight"] = np.array([np.log(movies / count) for _, count in kept], dtype=np.float32)
    released = np.where(
        np.isnan(raw["release_date"]), raw["release_year"] + 0.5, raw["release_date"] / DAYS_PER_YEAR + FIRST_YEAR
    )
    known = released[~np.isnan(released)]
    learned["sentence_encoder"] = np.array(config.sentences)
    learned["sentence_size"] = np.array(raw["sentence"].shape[1] if "sentence" in raw else 0)
    learned["newest"] = np.array(known.max() if len(known) else 0.0, np.float32)
    return learned


def _all_tokens(kind: str, titles: np.ndarray) -> list[list[str]]:
    """All words or n-grams of each title, as the vectorizer makes them."""
    if not any(_cleaned(titles.tolist()).numpy()):
        return []
    layer = _vectorizer(kind, [])
    layer.adapt(titles.tolist())
    names = layer.get_vocabulary()
    return [[names[number] for number in row if number > 1] for row in layer(titles.tolist()).to_list()]
