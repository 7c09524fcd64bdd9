"""What a person names as the image to look into, and what may be used to get at it."""

from dataclasses import dataclass, field
from pathlib import Path

from careen.images.budgets import Budgets
from careen.images.opened import Progress


@dataclass(frozen=True, slots=True)
class Access:
    """How registries are talked to. Credentials go to the host that the target names, and nowhere else."""

    user: str = ""
    password: str = field(default="", repr=False)
    docker_config: Path | None = None  # usually ~/.docker/config.json; None = it is not read
    plain_http: bool = False  # allow http to hosts other than this one
    ca: Path | None = None  # PEM of who signs for the host; None = who is trusted anyway


@dataclass(frozen=True, slots=True)
class Place:
    prefix: str  # "oci:", "docker://"; "" = none was written
    text: str  # a path or a reference
    name: str  # of the image in a layout or archive; "" = the only one
    work: Path  # a folder for temporary files, which the caller removes
    progress: Progress
    access: Access
    budgets: Budgets = field(default_factory=Budgets)

    @property
    def path(self) -> Path:
        return Path(self.text)
