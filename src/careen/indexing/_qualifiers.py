"""What a package URL says beside name and version (package-url/purl-spec, "qualifiers")."""

from urllib.parse import quote

from careen.indexing._tokens import is_token


def qualifiers(**said: str) -> str:
    """Such as `build=py36_0&subdir=linux-64`, in the order of their names; what is no token is left out."""
    tokens = [(name, value) for name, value in sorted(said.items()) if is_token(value)]
    return "&".join(f"{name}={quote(value, safe=':')}" for name, value in tokens)
