"""A part of an executable, whatever the format calls it."""

from typing import Final, NamedTuple


class BadExecutable(Exception):
    """The tables of an executable are damaged or lie; the message tells how."""


class Section(NamedTuple):
    name: str  # "" = a segment, which is what is left of the sections of some files
    address: int  # where it is loaded; 0 = it is not
    offset: int
    size: int  # bytes in the file
    is_writable: bool = False
    is_code: bool = False  # a segment for instructions alone


MAX_SECTIONS: Final = 4096
