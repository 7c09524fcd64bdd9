"""What Red Hat's product trees name: a build of a package, its module, and the releases of RHEL it is for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from careen.feeds._csaf import Product, Purl
from careen.feeds._fields import InvalidRecord, identifier
from careen.model.package import modular

RELEASES = ("4", "5", "6", "7", "8", "9", "10")
RHEL = "enterprise_linux"
HUMMINGBIRD = "hummingbird:1"  # images of their own, made of builds of their own

_LAYERED = ("7", "8", "9", "10")  # releases that a product may be for which does not say so
_COLLECTIONS = ("6", "7")
_CPE = re.compile(r"cpe:/[ao]:redhat:(?P<product>[^:]+)(?::(?P<release>[^:]*))?(?P<repository>:.*)?")
_MINOR = re.compile(r"(:enterprise_linux:[0-9]+)\.[0-9]+")
_EDITION = re.compile(r"::el(?P<major>[0-9]{1,2})\b")
_RHEL = re.compile(
    r"cpe:/[ao]:redhat:(?:enterprise_linux|rhel)(?P<stream>_(eus|aus|tus|e4s|els|eus_long_life))?"
    r"(_extras\w*)?:(?P<major>[0-9]{1,2})\b.*"
)
_BUILT_FOR = re.compile(r"[.+]el(?P<major>[0-9]{1,2})(?![0-9])")
_SOURCE = frozenset({"src", "nosrc", "source"})
_MODULE = re.compile(r"(?P<stream>[^:/\s]+:[^:/\s]+)(:.*)?")
# Components without a purl: kernel, go-toolset:rhel8/golang, golang::go-toolset:rhel8.
_LABELLED = re.compile(
    r"((?P<module>[^:/\s]+:[^:/\s]+)/)?(?P<name>[^:/\s]+?)(\.src)?(::(?P<label>[^:/\s]+:[^:/\s]+))?"
)
# Nothing in them runs in a container.
_IDLE = re.compile(r".*-(debuginfo|debugsource)(-common.*)?|kpatch-patch.*")


@dataclass(frozen=True, slots=True)
class Build:
    """A package as one of Red Hat's repositories has it."""

    name: str
    module: str  # "" = none
    arch: str  # "" = any
    version: str  # [EPOCH:]VERSION-RELEASE; "" = any
    is_source: bool
    cpe: str  # of the repository, or of a product as a whole

    @property
    def package(self) -> str:
        """Its name in advisories."""
        return modular(self.name, self.module) if self.module else self.name

    @property
    def releases(self) -> Sequence[str]:
        """What it is for, as the ecosystems name it."""
        if ":hummingbird:" in self.cpe:
            return (HUMMINGBIRD,)
        found = _EDITION.search(self.cpe) or _RHEL.fullmatch(self.cpe) or _BUILT_FOR.search(self.version)
        untold = _COLLECTIONS if "software_collections" in self.cpe else _LAYERED
        majors = [found["major"]] if found else untold
        return [f"enterprise_linux:{major}" for major in majors if major in RELEASES]

    @property
    def product(self) -> str:
        return self._named("product")

    @property
    def release(self) -> str:
        """The version of the product."""
        return self._named("release")

    @property
    def lineage(self) -> str:
        """The repository without RHEL's minor release, which CPEs name since 10: builds follow each other."""
        return _MINOR.sub(r"\1", self.cpe)

    @property
    def is_whole(self) -> bool:
        """Whether RHEL as a whole is meant, not one of its repositories."""
        return self.product == RHEL and not self._named("repository")

    @property
    def streams(self) -> str:
        """What stands for all streams of a release: rhel_eus:9.4, and since 10 enterprise_linux_eus:10.0."""
        family = "rhel" if len(self.release.partition(".")[0]) == 1 else RHEL
        return f"cpe:/o:redhat:{family}_*:{self.release}"

    def _named(self, part: str) -> str:
        match = _CPE.fullmatch(self.cpe)
        return (match[part] or "") if match else ""

    @property
    def is_of_stream(self) -> bool:
        """Of the repositories of a minor release that is supported for longer."""
        match = _RHEL.fullmatch(self.cpe)
        return bool(match and match["stream"])


def build(chain: Sequence[Product]) -> Build | None:
    """None for what no rpm database can hold, or is of no use there. Raises InvalidRecord."""
    if not chain[1:] or not chain[-1].cpe.startswith("cpe:/"):
        return None
    component, *between, platform = chain
    found = (
        _of_purl(component.purl, platform.cpe) if component.purl else _of_name(component.name, platform.cpe)
    )
    if found is None or _IDLE.fullmatch(found.name):
        return None
    if between and not found.module:
        return replace(found, module=_of_module(between[0]))
    return found


def _of_purl(written: str, cpe: str) -> Build | None:
    if not written.startswith("pkg:rpm/redhat/"):
        return None
    purl = Purl.of(written)
    epoch, arch = purl.qualifiers.get("epoch", "0"), purl.qualifiers.get("arch", "")
    version = identifier(purl.version, "a version") if purl.version else ""
    if version and epoch != "0":
        version = f"{epoch}:{version}"
    label = purl.qualifiers.get("rpmmod")
    return Build(
        purl.name,
        "" if label is None else _stream(label),
        "" if arch in _SOURCE else arch,
        version,
        arch in _SOURCE,
        identifier(cpe, "a CPE"),
    )


def _of_name(name: str, cpe: str) -> Build | None:
    """A source package of RHEL; what other products call a component need not be a package."""
    match = _LABELLED.fullmatch(name)
    found = (
        Build(match["name"], match["module"] or match["label"] or "", "", "", True, cpe) if match else None
    )
    return found if found and found.product == RHEL else None


def _of_module(product: Product) -> str:
    """Of pkg:rpmmod/redhat/nodejs@18:8090020231019152822:a75119d5, or by its name."""
    if product.purl.startswith("pkg:rpmmod/"):
        purl = Purl.of(product.purl)
        return _stream(f"{purl.name}:{purl.version}")
    return _stream(product.name)


def _stream(label: str) -> str:
    """NAME:STREAM of a module's label."""
    match = _MODULE.fullmatch(label)
    if not match:
        raise InvalidRecord(f"the module {label[:100]!r}")
    return identifier(match["stream"], "a module")
