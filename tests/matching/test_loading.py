"""What a process that only matches has to load."""

import subprocess
import sys

MATCHED = """
import sys
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.versions import BY_NAME
BY_NAME["apk"].key("1.2-r3")
print(*(name for name in sys.modules if name.startswith("careen.")), "hashlib" in sys.modules)
"""


def test_matching_loads_the_schemes_that_are_asked_for_and_no_feed() -> None:
    command = [sys.executable, "-c", MATCHED]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    public = [name for name in loaded if name.startswith("careen.versions.") and "._" not in name]
    assert sorted(public) == ["careen.versions.apk", "careen.versions.invalid"]
    assert not [name for name in loaded if name.startswith(("careen.feeds", "careen.model.advisory"))]
    assert loaded[-1] == "False"
