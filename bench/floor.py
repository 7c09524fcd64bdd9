"""The least that anybody needs for a layer: to read, hash and inflate it, by the libraries alone.

    python bench/floor.py BLOB

In a process of its own and with the same options of memory as careen's for a layer, so that the two compare.
"""

import hashlib
import sys
from pathlib import Path

from isal import igzip_lib

from careen.images.inflate import PIECE
from careen.jobs.confinement import keep_memory
from careen.zstd import ZstdDecompressor


def floor(path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP) if is_gzip else ZstdDecompressor()
        while piece := file.read(PIECE):
            digest.update(piece)
            while stream.decompress(piece, PIECE) and not stream.eof and not stream.needs_input:
                piece = b""


if __name__ == "__main__":
    keep_memory()
    floor(Path(sys.argv[1]))
