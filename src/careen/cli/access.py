"""Credentials of whoever calls."""

import os
from pathlib import Path

from careen.images.place import Access


def access() -> Access:
    """Credentials for registries: those of `docker login`, or of the environment."""
    return Access(
        user=os.environ.get("CAREEN_REGISTRY_USER", ""),
        password=os.environ.get("CAREEN_REGISTRY_PASSWORD", ""),
        docker_config=Path.home() / ".docker" / "config.json",
    )
