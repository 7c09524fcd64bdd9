"""Names in archives. Nothing is ever written by them, but an archive that tries is not the upstream's."""


def leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name
