"""Natural numbers as text whose code points, and so whose UTF-8 bytes, order as the numbers do.

Every key is first built as text and then encoded as UTF-8: memcmp orders UTF-8 by code point, and no
byte of UTF-8 is 0xff (RFC 3629).
"""


def number(digits: str) -> str:
    r"""The count of significant digits as one character, then the digits: 0 is "\0", 10 is "\x0210".

    `digits` are at most InvalidVersion's LONGEST, far below the surrogates at U+D800. "" is 0.
    No result is the beginning of another one.
    """
    significant = digits.lstrip("0")
    return chr(len(significant)) + significant
