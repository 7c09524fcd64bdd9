"""A layer's index survives JSON, and documents that are none are refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.model import digest, layer_json
from careen.model.distro import Distro
from careen.model.layer import LayerIndex, LayerTree
from careen.model.package import Package
from careen.model.packed_paths import pack_folders
from careen.model.problem import Problem, ProblemKind

TEXT = st.text(max_size=20)
PACKED = st.lists(TEXT, max_size=3).map(lambda paths: pack_folders(paths, []))
TREES = st.builds(
    LayerTree,
    whiteouts=st.lists(TEXT, max_size=3).map(tuple),
    opaque=st.lists(TEXT, max_size=3).map(tuple),
    symlinks=st.dictionaries(TEXT, TEXT, max_size=3),
    files=PACKED,
    folders=PACKED,
)
PACKAGES = st.builds(
    Package, **dict.fromkeys(("name", "version", "type", "manager", "path", "source", "arch"), TEXT)
)
INDEXES = st.builds(
    LayerIndex,
    digest=st.binary().map(digest.of),
    packages=st.lists(PACKAGES, max_size=3).map(tuple),
    distros=st.lists(st.builds(Distro, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    problems=st.lists(st.builds(Problem, st.sampled_from(ProblemKind), TEXT, TEXT), max_size=2).map(tuple),
    tree=TREES,
)
GOOD = layer_json.dump(LayerIndex(digest.of(b"")))


@given(INDEXES)
def test_an_index_comes_back_as_it_was(index: LayerIndex) -> None:
    text = json.dumps(layer_json.dump(index), default=layer_json.record)
    assert layer_json.load(json.loads(text)) == index


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "md5:0"},
        {"digest": None},
        {"packages": [{"name": "a"}]},
        {"packages": [{"name": 1, "version": "1", "type": "deb", "manager": "", "path": ""}]},
        {"packages": [{"unknown": "a"}]},
        {"packages": "text"},
        {"problems": [{"kind": "no-such", "path": "", "message": ""}]},
        {"distros": [None]},
        {"tree": {}},
        {"tree": {**GOOD["tree"], "files": "AAAA"}},
        {"tree": {**GOOD["tree"], "files": "!"}},
        {"tree": {**GOOD["tree"], "folders": "AAAA"}},
        {"tree": {**GOOD["tree"], "symlinks": {"a": 1}}},
        {"tree": {**GOOD["tree"], "whiteouts": [[]]}},
    ],
)
def test_what_is_no_index_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(layer_json.InvalidLayerIndex):
        layer_json.load({**GOOD, **changes})
