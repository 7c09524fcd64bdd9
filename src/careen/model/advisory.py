"""What upstreams say about vulnerabilities, in the terms of the OSV schema (ossf.github.io/osv-schema)."""

from dataclasses import dataclass

from careen.model.vulnerability import Score


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """A feed declares every ecosystem that it covers, even one without a single advisory."""

    name: str  # OSV's: "Debian:12", "Alpine:v3.18", "PyPI"
    scheme: str  # NAME of the version scheme
    aliases: tuple[str, ...] = ()  # other names by which a Distro may ask: "Debian:bookworm"
    end_of_life: str = ""  # ISO date; "" = not known or not ended
    judged_by: str = ""  # the ecosystem whose advisories hold for it ("CentOS:8": Red Hat's); "" = its own


@dataclass(frozen=True, slots=True)
class Range:
    introduced: str = ""  # "" = from the beginning
    fixed: str = ""  # first version that is not affected; "" = none is known
    last_affected: str = ""  # inclusive; only where `fixed` is not known


@dataclass(frozen=True, slots=True)
class Affected:
    ecosystem: str
    package: str  # normalised as its ecosystem does; or `package.modular()`
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()  # enumerated, beside the ranges
    by_source: bool = (
        False  # `package` and versions are those of the source package; rpm: epochs do not count
    )
    severity: str = ""  # the vendor's own word for this package ("unimportant", "high"); "" = none
    # affected | pending | will_not_fix | deferred | end_of_life | under_investigation | not_affected;
    # pending: `fixed` is known, but not to be had yet, so it is no version to go to;
    # not_affected: upstream looked, and clears these versions, also of what its aliases say
    status: str = "affected"
    arches: tuple[str, ...] = ()  # as packages name them ("x86_64"): only builds for these; () = for any
    # CPEs of the repositories whose builds are meant (cpe:/a:redhat:enterprise_linux:9::appstream); () = any
    repositories: tuple[str, ...] = ()
    remark: str = ""  # for people: "the fix needs Ubuntu Pro (esm-infra)"; "" = none


@dataclass(frozen=True, slots=True)
class Advisory:
    id: str  # as upstream names it: "CVE-2024-1", "PYSEC-2021-76", "TEMP-0290435-0B57B5"
    affected: tuple[Affected, ...] = ()
    aliases: tuple[str, ...] = ()  # of a CVE also the errata that fix it, perhaps along with others
    scores: tuple[Score, ...] = ()
    severity: str = ""  # a word for the advisory as a whole ("CRITICAL"); "" = none
    link: str = ""
    summary: str = ""
    published: str = ""  # RFC 3339
    modified: str = ""  # RFC 3339
    withdrawn: str = ""  # RFC 3339; "" = in force


@dataclass(frozen=True, slots=True)
class Revision:
    """Of all that the documents of a feed say under an id, only the newest counts from now on.

    What is older than `modified` is left out, also where nothing takes its place: then upstream took it back.
    """

    id: str  # Advisory.id
    modified: str  # as Advisory.modified of the same feed, so that the order of text is that of time


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of packages by its id, as an image's evidence names it, and the CPEs of its products."""

    id: str  # "rhel-9-for-x86_64-appstream-rpms"
    cpes: tuple[str, ...]
