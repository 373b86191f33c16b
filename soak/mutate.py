"""Damages bytes at random: what a bad disk, an editor, a spreadsheet or an enemy does to a file."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

WORDS = (
    *(
        b"",
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\0",
        b",",
        b";",
        b":",
        b"::",
        b"|",
        b"\t\t",
        b'"',
        b'""',
        b"'",
    ),
    *(
        b"nan",
        b"NaN",
        b"inf",
        b"-inf",
        b"null",
        b"None",
        b"NA",
        b"true",
        b"[]",
        b"{}",
        b"#",
        b"//",
        b"%",
        b"\\",
        b"\\n",
    ),
    *(
        b"0",
        b"-0",
        b"00",
        b"007",
        b"+1",
        b"-1",
        b"1.0",
        b"1.",
        b".5",
        b"1e3",
        b"1e39",
        b"1e999",
        b"1_0",
        b"0x10",
        b"1,0",
    ),
    *(
        b"4294967295",
        b"4294967296",
        b"9223372036854775807",
        b"9223372036854775808",
        b"99999999999999999999",
        b"4102444800",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xe9",
        "é".encode(),
        "１".encode(),
        "\u2028".encode(),
        b"\xc2\x85",
        b"\xa0",
        b"\x1c",
    ),
    *(b"01-Jan-1995", b"1995-02-30", b"31-Feb-1995", b"1995-01-01", b"01/02/1995", b"M", b"F", b"<script>", b"../../x"),
)
"""What readers have stumbled over."""


OWN_WORDS = (
    *(b"1500000100", b"1500000100000", b"1500000100.0", b"1500000100000000000", b"2017", b"20170716", b"17361"),
    *(b"2017-07-14", b"2017-07-14T02:41:40Z", b"2017-07-14 02:41:40", b"2017-02-30", b"n/a", b"3,5", b"3.5"),
    *(b'"x', b'x"', b'\n"', b'"\n', b'","', b",,", b";;", b"\r\r\n", b" \n", b", ", b"u1", b"7"),
)
"""What people's own files have in them besides."""


def mutate(content: bytes, rng: random.Random, words: Sequence[bytes] = WORDS) -> bytes:
    """A damaged copy; now and then an undamaged one.

    Args:
        content: What to damage.
        rng: Decides everything.
        words: What may be put in.
    """
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
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: content.replace(b"\n", b"\r\n"),
        lambda: content.replace(b"\n", b"\n\n"),
        lambda: content.replace(b"\n", b"\n  \n"),
        lambda: content.replace(b"\n", sign + b"\n"),
        lambda: content.replace(b"\n", b"\r"),
        lambda: content + b"\n\r\n",
        lambda: content + b"\n".join(lines[1:]) + b"\n",
        lambda: b"\n".join([lines[0], *reversed(lines[1:])]),
        lambda: b"\xef\xbb\xbf" + content,
        lambda: sign.join(b'"' + field + b'"' for field in first.split(sign)) + content[len(first) :],
    )
    return rng.choice(ways)()


def _place(content: bytes, rng: random.Random) -> int:
    return rng.randrange(len(content) + 1)


def _part(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = _place(content, rng)
    return start, min(len(content), start + rng.choice((1, 1, 2, 4, 16, 64)))


def _flip(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    start, end = _part(content, rng)
    changed = bytes(byte ^ (1 << rng.randrange(8)) for byte in content[start:end])
    return content[:start] + changed + content[end:]


def _overwrite(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    start, end = _part(content, rng)
    return content[:start] + rng.randbytes(end - start) + content[end:]


def _remove(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    start, end = _part(content, rng)
    return content[:start] + content[end:]


def _insert(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    place = _place(content, rng)
    return content[:place] + rng.choice(words) + content[place:]


def _replace_number(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    """Puts a word in the place of a digit."""
    digits = [place for place, byte in enumerate(content[:4096]) if 48 <= byte <= 57]
    if not digits:
        return _insert(content, rng, words)
    place = rng.choice(digits)
    return content[:place] + rng.choice(words) + content[place + 1 :]


def _truncate(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    return content[: _place(content, rng)]


def _repeat(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    start, end = _part(content, rng)
    return content[:end] + content[start:end] + content[end:]


def _shuffle_lines(content: bytes, rng: random.Random, words: Sequence[bytes]) -> bytes:
    """Repeats, drops or swaps whole lines."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(3)
    if way == 0:
        lines.insert(other, lines[one])
    elif way == 1:
        del lines[one]
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


_WAYS: tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...] = (
    _flip,
    _overwrite,
    _remove,
    _insert,
    _insert,
    _replace_number,
    _replace_number,
    _truncate,
    _repeat,
    _shuffle_lines,
)
