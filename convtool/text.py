"""Text from outside, such as a file's name, made fit to be shown on one line."""

from __future__ import annotations

_PLAIN = str.maketrans({"…": "...", "·": "-", "×": "x", "÷": "/", "≈": "~", "│": "|", "─": "-", "┼": "+"})


def printable(text: str) -> str:
    r"""Show what would move the cursor, hide or reorder text as an escape; leave all else alone.

    Escaped are control and format characters (ESC, newline, zero-width and bidirectional ones), the
    surrogates of a file name that is no UTF-8, and code points without a meaning. A backslash stays
    as it is: the result is for eyes, not to be read back.

    Examples
    --------
    >>> print(printable("naïve 写真.png"))
    naïve 写真.png
    >>> print(printable("two\nlines \x1b[31m"))
    two\nlines \x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(character if _is_visible(character) else _escape(character) for character in text)


def quoted(value: object, longest: int = 60) -> str:
    """What a message quotes of a value from a file, however long that is.

    Examples
    --------
    >>> quoted("wieghts"), quoted([0] * 1000, longest=12)
    ("'wieghts'", '[0, 0, 0,...')
    """
    text = repr(value)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def encodable(text: str, encoding: str) -> str:
    r"""Write ``text`` so that a stream of this encoding can take it.

    Typography that the encoding lacks becomes its plain form, any other character an escape.

    Examples
    --------
    >>> print(encodable("été.png · 3 × 3", "ascii"))
    \xe9t\xe9.png - 3 x 3
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _is_visible(character: str) -> bool:
    # str.isprintable takes no space but U+0020, yet an ideographic or no-break space does no harm.
    from unicodedata import category  # rarely needed, and a library of its own to load

    return character.isprintable() or category(character) == "Zs"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
