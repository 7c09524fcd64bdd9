"""An image as its final tree shows it: what of its layers' packages is still there, and since which layer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from careen.images.cover import Aliases, Cover
from careen.images.paths import place, resolve
from careen.images.purl import purl
from careen.model.digest import Digest
from careen.model.distro import Distro
from careen.model.layer import Inventory, LayerIndex
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")  # in the order of os-release(5)


def squash(layers: Sequence[LayerIndex]) -> Inventory:
    """What the image holds. `layers` come lowest first; the answer depends on nothing else."""
    tree = _Tree()
    for layer in layers:
        tree.apply(layer)
    distro = tree.distro()
    packages = tuple(sorted((_completed(package, distro) for package in tree.packages()), key=_order))
    problems = set(tree.problems())
    problems.update(_doubts(packages, distro, told=bool(problems)))
    return Inventory(distro, packages, tuple(sorted(problems)))


@dataclass(slots=True)
class _Evidence:
    """What one file says."""

    packages: list[Package] = field(default_factory=list)
    distros: list[Distro] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def since(self) -> dict[tuple[str, str, str], Digest | None]:
        """The layer that brought each package."""
        return {_identity(package): package.layer for package in self.packages}


class _Tree:
    """The links and the evidence of the layers applied so far, by where they stand."""

    def __init__(self) -> None:
        self._links: dict[str, str] = {}
        self._evidence: dict[str, _Evidence] = {}
        self._of_no_file: list[Problem] = []

    def apply(self, layer: LayerIndex) -> None:
        """Put the layer on top. Folders it merely implies are looked for through the links that it leaves."""
        cover = Cover(layer.tree)
        self._links = {link: to for link, to in self._links.items() if not cover.hides_link(link)}
        cover.follow(self._links)
        below = self._evidence
        self._uncover(cover)
        links = dict(self._links)
        for path, target in layer.tree.symlinks.items():
            self._links[place(path, links)] = target
        for path, evidence in _by_path(layer).items():
            stands = place(path, links)
            self._evidence[stands] = _standing(evidence, stands, layer.digest, below.get(stands))
        self._of_no_file += [problem for problem in layer.problems if not problem.path]

    def distro(self) -> Distro | None:
        for path in _OS_RELEASE:
            file = self._evidence.get(resolve(path, self._links) or path)
            if file and file.distros:
                return file.distros[0]
        return None

    def packages(self) -> Iterator[Package]:
        for file in self._evidence.values():
            yield from file.packages

    def problems(self) -> Iterator[Problem]:
        yield from self._of_no_file
        for file in self._evidence.values():
            yield from file.problems

    def _uncover(self, cover: Cover) -> None:
        """Leave only what the cover does not hide, under whatever path it may be hidden."""
        aliases = Aliases(self._links)
        self._evidence = {
            path: file
            for path, file in self._evidence.items()
            if not any(map(cover.hides_file, aliases.of(path)))
        }
        self._links = {
            link: to for link, to in self._links.items() if not any(map(cover.hides_link, aliases.of(link)))
        }


def _by_path(layer: LayerIndex) -> dict[str, _Evidence]:
    found: dict[str, _Evidence] = {}
    for package in layer.packages:
        found.setdefault(package.path, _Evidence()).packages.append(package)
    for distro in layer.distros:
        found.setdefault(distro.path, _Evidence()).distros.append(distro)
    for problem in layer.problems:
        if problem.path:
            found.setdefault(problem.path, _Evidence()).problems.append(problem)
    return found


def _standing(evidence: _Evidence, path: str, layer: Digest, below: _Evidence | None) -> _Evidence:
    """As it is known at `path`; a package that the same file named in the layer below is as old as there."""
    since = {} if below is None else below.since()
    return _Evidence(
        [
            replace(package, path=path, layer=since.get(_identity(package), layer))
            for package in dict.fromkeys(evidence.packages)
        ],
        [replace(distro, path=path) for distro in evidence.distros],
        [replace(problem, path=path) for problem in evidence.problems],
    )


def _identity(package: Package) -> tuple[str, str, str]:
    return package.name, package.version, package.arch


def _completed(package: Package, distro: Distro | None) -> Package:
    ecosystem = package.ecosystem
    if package.is_os and distro and distro.package_type == package.type:
        ecosystem = distro.ecosystem
    return replace(package, ecosystem=ecosystem, purl=purl(package, distro))


def _order(package: Package) -> tuple[str, ...]:
    return (package.type, package.name, package.version, package.arch, package.path, package.source)


def _doubts(packages: Sequence[Package], distro: Distro | None, *, told: bool) -> Iterator[Problem]:
    """Where packages and distribution do not fit together, or are missing and no problem has told why."""
    homeless = [package for package in packages if package.is_os and not package.ecosystem]
    path = distro.path if distro else ""
    if homeless:
        named = f"{distro.id!r}, which careen does not know" if distro else "no distribution"
        managers = ", ".join(sorted({package.manager for package in homeless}))
        message = f"{len(homeless)} packages of {managers}, but os-release names {named}"
        yield Problem(ProblemKind.UNKNOWN_DISTRIBUTION, path, message)
    elif not packages and not told:
        message = "nothing in the image is a package that careen knows"
        yield Problem(ProblemKind.NO_PACKAGES, "", message)
    elif distro and distro.package_type and not told and not any(package.is_os for package in packages):
        message = f"os-release names {distro.name or distro.id}, but its database of packages is gone"
        yield Problem(ProblemKind.NO_PACKAGES, path, message)
