"""Damages bytes at random: what a bad disk, an editor, a spreadsheet or an enemy does to a file."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_Way = Callable[[bytes, random.Random, Sequence[bytes]], bytes]

WORDS = (
    *(b"", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", *b", ; : :: |".split(), b"\t\t", *b'" "" \''.split()),
    *b"nan NaN inf -inf null None NA true [] {} # // % \\ \\n".split(),
    *b"0 -0 00 007 +1 -1 1.0 1. .5 1e3 1e39 1e999 1_0 0x10 1,0".split(),
    *b"4294967295 4294967296 9223372036854775807 9223372036854775808 99999999999999999999 4102444800".split(),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xe9", "é".encode(), "１".encode(), "\u2028".encode(), b"\xc2\x85"),
    *(b"\xa0", b"\x1c"),
    *b"01-Jan-1995 1995-02-30 31-Feb-1995 1995-01-01 01/02/1995 M F <script> ../../x".split(),
)
"""What readers have stumbled over."""
OWN_WORDS = (
    *b"1500000100 1500000100000 1500000100.0 1500000100000000000 2017 20170716 17361 2017-07-14".split(),
    *(b"2017-07-14T02:41:40Z", b"2017-07-14 02:41:40", b"2017-02-30", b"n/a", b"3,5", b"3.5"),
    *(b'"x', b'x"', b'\n"', b'"\n', b'","', b",,", b";;", b"\r\r\n", b" \n", b", ", b"u1", b"7"),
)
"""What people's own files have in them besides."""


def mutate(content: bytes, rng: random.Random, words: Sequence[bytes] = WORDS) -> bytes:
    """A damaged copy, into which ``words`` may be put; now and then an undamaged one."""
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 8))):
        content = rng.choice(_WAYS)(content, rng, words)
    return content


def odd(content: bytes, rng: random.Random) -> bytes:
    """A copy as another program would have written it: other line ends, blank lines, repeated and empty columns."""
    if rng.random() < 0.5 or content.startswith((b"\xff\xfe", b"\x1f\x8b")):
        return content
    first = content.partition(b"\n")[0]
    sign = max((b",", b";", b"\t", b"|"), key=first.count)
    lines = content.split(b"\n")
    return rng.choice(
        (
            *(content.replace(b"\n", end) for end in (b"\r\n", b"\n\n", b"\n  \n", sign + b"\n", b"\r")),
            content + b"\n\r\n",
            content + b"\n".join(lines[1:]) + b"\n",
            b"\n".join([lines[0], *reversed(lines[1:])]),
            b"\xef\xbb\xbf" + content,
            sign.join(b'"' + field + b'"' for field in first.split(sign)) + content[len(first) :],
        )
    )


def _part(content: bytes, rng: random.Random) -> tuple[bytes, bytes, bytes]:
    """What is before a short random part, the part, and what is behind it."""
    start = rng.randrange(len(content) + 1)
    end = min(len(content), start + rng.choice((1, 1, 2, 4, 16, 64)))
    return content[:start], content[start:end], content[end:]


def _on_part(change: Callable[[bytes, random.Random], bytes]) -> _Way:
    def way(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
        before, part, behind = _part(content, rng)
        return before + change(part, rng) + behind

    return way


def _insert(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    place = rng.randrange(len(content) + 1)
    return content[:place] + rng.choice(words) + content[place:]


def _replace_digit(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    digits = [place for place, byte in enumerate(content[:4096]) if 48 <= byte <= 57]
    if not digits:
        return _insert(content, rng, words)
    place = rng.choice(digits)
    return content[:place] + rng.choice(words) + content[place + 1 :]


def _truncate(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _shuffle_lines(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    """Repeats, drops or swaps whole lines."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    one, other, way = rng.randrange(len(lines)), rng.randrange(len(lines)), rng.randrange(3)
    if way == 0:
        lines.insert(other, lines[one])
    elif way == 1:
        del lines[one]
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


_WAYS: tuple[_Way, ...] = (
    _on_part(lambda part, rng: bytes(byte ^ (1 << rng.randrange(8)) for byte in part)),
    _on_part(lambda part, rng: rng.randbytes(len(part))),
    _on_part(lambda part, rng: b""),
    *(_insert, _insert, _replace_digit, _replace_digit, _truncate),
    _on_part(lambda part, rng: part + part),
    _shuffle_lines,
)
