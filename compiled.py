"""Compiles what reading a layer spends its time in: `make` does it once, where there is a C compiler.

The modules stay what they are, translated by mypyc (mypyc.readthedocs.io). Without that careen does the same,
and its share of a layer's index takes half as long again. The libraries lie beside their sources, where
Python prefers them; `make` makes them anew when a source is newer.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parent / "src"
MODULES = {
    "images": "extended paths runs sparse tar tarfields tarindex tarstream tree walk",
    "indexing": "_dpkg_files _elf _executable _go_build_info _json _lines _rope _section _sift _signs"
    " _stanzas _tokens dpkg gobinary node rustbinary software",
    "jobs": "found ownable",
    "model": "content file packed_paths",
}
OURS = shutil.ignore_patterns("*.so", "__pycache__")


def modules() -> Iterator[str]:
    """Their paths, from the folder of all sources."""
    for part, names in MODULES.items():
        yield from (f"careen/{part}/{name}.py" for name in names.split())


def compiled(folder: Path) -> str:
    """Compiles the modules in a copy of the sources, made there; returns what went wrong, or nothing."""
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=OURS)
    command = [sys.executable, "-m", "mypyc", "--ignore-missing-imports", *modules()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    shutil.rmtree(folder / "build", ignore_errors=True)
    return f"{done.stdout}{done.stderr}".strip() if done.returncode else ""


def libraries(folder: Path) -> list[Path]:
    """The one that holds all the code first; the others, one for each module, need it."""
    return sorted(folder.rglob("*.so"), key=lambda path: len(path.parts))


def main() -> None:
    """Killed while it copies, for some milliseconds, it leaves a mixture; the next `make` does it again."""
    for library in reversed(libraries(SOURCES)):
        library.unlink()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if failure := compiled(folder):
            print(f"careen is not compiled, which only makes it slower: {failure.splitlines()[-1]}")
            return
        for library in libraries(folder):
            target = SOURCES / library.relative_to(folder)
            shutil.copy2(library, target.with_suffix(".part"))
            target.with_suffix(".part").replace(target)


if __name__ == "__main__":
    main()
