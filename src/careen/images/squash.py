"""An image as its final tree shows it: what of its layers' packages is still there, and since which layer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from careen.images import ownership, releases
from careen.images.budgets import Budgets
from careen.images.cover import Aliases, Cover
from careen.images.links import relevant
from careen.images.paths import follow, join, key, resolve
from careen.images.purl import purl
from careen.model import content
from careen.model.digest import Digest
from careen.model.distro import RELEASE_FILES, Distro
from careen.model.inventory import Inventory
from careen.model.layer import Claims, LayerIndex, Repositories
from careen.model.package import Package
from careen.model.problem import FATAL, Problem, ProblemKind

_BUDGETS = Budgets()
_PUT = 10  # steps that it costs to put a file or a link on top


def squash(layers: Sequence[LayerIndex], budgets: Budgets = _BUDGETS) -> Inventory:
    """What the image holds. `layers` come lowest first; the answer depends on nothing else.

    Beyond the budget `squash` the layers above are left out, which a fatal Problem says.
    """
    distinct = {id(layer): layer for layer in layers}  # one layer may stand there many times
    known = {number: _by_path(layer) for number, layer in distinct.items()}
    evidence = [known[id(layer)] for layer in layers]
    paths = {path for files in evidence for path in files}
    links = relevant([layer.tree.symlinks for layer in layers], paths.union(RELEASE_FILES))
    tree = _Tree(budgets)
    for layer, files, leading in zip(layers, evidence, links, strict=True):
        tree.apply(layer, files, leading)
    distro, owners, repositories = tree.distro(), tree.owners(), tree.repositories()
    taken = releases.followed(distro, repositories.ids)
    completed = (_completed(package, distro, taken, owners) for package in tree.packages())
    packages = tuple(sorted(_without_guesses(completed), key=_order))
    problems = {problem for layer in layers for problem in layer.problems if not problem.path}
    problems.update(tree.problems())
    if not any(problem.kind in FATAL for problem in problems):  # these say enough
        was_there = any(package.is_os for layer in layers for package in layer.packages)
        problems.update(_absences(packages, distro, deleted=was_there))
    problems.update(_strangers(packages, distro))
    problems.update(releases.mixed(distro, taken))
    return Inventory(distro, packages, tuple(sorted(problems)), repositories.ids, repositories.cpes)


_T = TypeVar("_T")


@dataclass(slots=True)
class _Evidence:
    """What one file says."""

    packages: list[Package] = field(default_factory=list)
    distros: list[Distro] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    claims: list[Claims] = field(default_factory=list)
    repositories: list[Repositories] = field(default_factory=list)
    content: str = ""
    number: int = 0  # of the layer that it was last written in

    def since(self) -> dict[tuple[str, str, str], Digest | None]:
        """The layer that brought each package."""
        return {_identity(package): package.layer for package in self.packages}


class _Tree:
    """The links and the evidence of the layers applied so far, by where they stand."""

    def __init__(self, budgets: Budgets) -> None:
        self._links: dict[str, str] = {}
        self._evidence: dict[str, _Evidence] = {}
        self._key = cache(key)
        self._budgets = budgets
        self._left = budgets.squash
        self._last: tuple[Mapping[str, str], Aliases] = {}, Aliases({}, 0)
        self._numbers: dict[Digest | None, int] = {}  # of the layers, the lowest is 0

    def apply(self, layer: LayerIndex, files: Mapping[str, _Evidence], links: Mapping[str, str]) -> None:
        """Put the layer on top. Folders that it merely implies are found through the links that it leaves."""
        self._left -= _PUT * (len(files) + len(links))
        if self._left < 0:
            return
        cover, below = Cover(layer.tree), self._evidence
        number = self._numbers.setdefault(layer.digest, len(self._numbers))
        self._links = {link: to for link, to in self._links.items() if not cover.hides_link(link)}
        aliases = self._aliases()
        left = self._uncovered(self._links, cover.removes, aliases)
        self._links = self._uncovered(self._links, cover.hides_link, aliases)
        self._evidence = self._uncovered(self._evidence, cover.hides_file, aliases)
        self._links |= {self._place(path, left): target for path, target in links.items()}
        for path, evidence in files.items():
            stands = self._place(path, left)
            self._evidence[stands] = _standing(evidence, stands, layer.digest, below.get(stands))
            self._evidence[stands].number = number
        self._left -= cover.steps

    def distro(self) -> Distro | None:
        for path in RELEASE_FILES:
            file = self._evidence.get(resolve(path, self._links) or path)
            if file and file.distros:
                return file.distros[0]
        return None

    def packages(self) -> Iterator[Package]:
        for file in self._evidence.values():
            yield from file.packages

    def owners(self) -> Mapping[str, str]:
        """The distribution's package that brought an evidence file of a language's packages, by its path."""
        installed = {package.name for package in self.packages() if package.is_os}
        files = list(self._evidence.values())
        claims = [
            (claim, file.number) for file in files for claim in file.claims if claim.package in installed
        ]
        return ownership.owners(self._ownable(), claims) if claims else {}

    def _ownable(self) -> Iterator[ownership.Evidence]:
        aliases = self._aliases()
        for path, file in self._evidence.items():
            languages = [package for package in file.packages if not package.is_os]
            if languages:
                keys = frozenset(map(self._key, aliases.of(path)))
                since = max(self._numbers[package.layer] for package in languages)
                yield ownership.Evidence(path, keys, file.content, since)

    def repositories(self) -> Repositories:
        """All that the image's evidence names."""
        said = [each for file in self._evidence.values() for each in file.repositories]
        ids, cpes = (
            {*(id_ for each in said for id_ in each.ids)},
            {*(cpe for each in said for cpe in each.cpes)},
        )
        return Repositories("", tuple(sorted(ids)), tuple(sorted(cpes)))

    def problems(self) -> Iterator[Problem]:
        if self._left < 0:
            exceeded = self._budgets.exceeded("squash", "steps through the paths of all layers")
            yield Problem(ProblemKind.BUDGET_EXCEEDED, "", exceeded.message)
        for file in self._evidence.values():
            yield from file.problems

    def _place(self, path: str, links: Mapping[str, str]) -> str:
        """Where something at `path` really stands, as `paths.place` says."""
        folder, _, name = path.rpartition("/")
        if not folder or not links or self._left < 0:
            return path
        home, steps = follow(folder, links)
        self._left -= steps
        return path if home is None else join(home, name)

    def _aliases(self) -> Aliases:
        links, aliases = self._last
        if links != self._links:
            aliases = Aliases(self._links, max(self._left, 0))
            self._left -= aliases.steps
            self._last = self._links, aliases
        return aliases

    def _uncovered(
        self, found: Mapping[str, _T], hides: Callable[[str], bool], aliases: Aliases
    ) -> dict[str, _T]:
        """What is not hidden, under whatever path it might be."""
        stays = {}
        for path, what in found.items():
            paths = aliases.of(path) if self._left > 0 else [path]
            self._left -= len(paths)
            if not any(map(hides, paths)):
                stays[path] = what
        return stays


def _by_path(layer: LayerIndex) -> dict[str, _Evidence]:
    found: dict[str, _Evidence] = {}
    for package in layer.packages:
        found.setdefault(package.path, _Evidence()).packages.append(package)
    for distro in layer.distros:
        found.setdefault(distro.path, _Evidence()).distros.append(distro)
    for problem in layer.problems:
        if problem.path:
            found.setdefault(problem.path, _Evidence()).problems.append(problem)
    for claim in layer.claims:
        found.setdefault(claim.path, _Evidence()).claims.append(claim)
    for repositories in layer.repositories:
        found.setdefault(repositories.path, _Evidence()).repositories.append(repositories)
    for path, known in layer.contents.items():
        found.setdefault(path, _Evidence()).content = known
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
        evidence.claims,
        evidence.repositories,
        evidence.content if below is None else content.carried(evidence.content, below.content),
    )


def _identity(package: Package) -> tuple[str, str, str]:
    return package.name, package.version, package.arch


def _completed(
    package: Package, distro: Distro | None, taken: Distro | None, owners: Mapping[str, str]
) -> Package:
    """`taken` is the distribution with the release that its packages come from."""
    ecosystem = package.ecosystem
    owner = "" if package.is_os else owners.get(package.path, "")
    if package.is_os and taken and taken.package_type == package.type:
        ecosystem = taken.ecosystem
    return replace(package, ecosystem=ecosystem, purl=purl(package, distro), owner=owner)


def _without_guesses(packages: Iterable[Package]) -> list[Package]:
    """What was recognised by its content alone is left out where somebody names it too."""
    found = list(packages)
    named = {(each.name, _upstream(each.version)) for each in found if not each.confidence}
    return [
        each for each in found if not each.confidence or (each.name, _upstream(each.version)) not in named
    ]


def _upstream(version: str) -> str:
    """Without the revision of who packaged it."""
    return version.partition("-")[0]


def _order(package: Package) -> tuple[str, ...]:
    return (package.type, package.name, package.version, package.arch, package.path, package.source)


def _strangers(packages: Sequence[Package], distro: Distro | None) -> Iterator[Problem]:
    """A distribution's packages, but no distribution that careen knows."""
    homeless = [package for package in packages if package.is_os and not package.ecosystem]
    if homeless:
        named = f"{distro.id!r}, which careen does not know" if distro else "no distribution"
        managers = ", ".join(sorted({package.manager for package in homeless}))
        message = f"{len(homeless)} packages of {managers}, but os-release names {named}"
        yield Problem(ProblemKind.UNKNOWN_DISTRIBUTION, distro.path if distro else "", message)


def _absences(packages: Sequence[Package], distro: Distro | None, *, deleted: bool) -> Iterator[Problem]:
    """Packages that one would expect. A database that a layer deleted is worse than one that never was."""
    if not packages:
        yield Problem(ProblemKind.NO_PACKAGES, "", "nothing in the image is a package that careen knows")
    elif distro and distro.package_type and not any(package.is_os for package in packages):
        kind = ProblemKind.NO_PACKAGES if deleted else ProblemKind.NO_PACKAGE_DATABASE
        fate = "was deleted" if deleted else "is not there"
        message = f"os-release names {distro.name or distro.id}, but its database of packages {fate}"
        yield Problem(kind, distro.path, message)
