"""Layers that are harmless one by one, and laid upon each other cost the server dearly, or its memory."""

import time
from collections.abc import Sequence

import pytest

from careen.images.budgets import Budgets
from careen.images.squash import squash
from careen.model import digest
from careen.model.inventory import Inventory
from careen.model.layer import LayerIndex, LayerTree
from careen.model.package import Package
from careen.model.packed_paths import FilePacker
from careen.model.problem import ProblemKind

LONGEST = 15.0  # seconds of CPU, for a machine under load; most need a tenth of one
DEEP = "/".join(["b"] * 2000)  # as long as the target of a link may be


def layer(number: int, paths: Sequence[str] = (), **tree: object) -> LayerIndex:
    packages = (Package("p", "1", type="deb", manager="dpkg", path=path) for path in paths)
    return LayerIndex(digest.of(b"%d" % number), packages=tuple(packages), tree=LayerTree(**tree))  # type: ignore[arg-type] # passed on


def quickly(layers: Sequence[LayerIndex], budgets: Budgets = Budgets()) -> Inventory:  # noqa: B008 - a frozen value
    began = time.process_time()
    inventory = squash(layers, budgets)
    assert time.process_time() - began < LONGEST
    return inventory


def test_a_chain_of_100_000_links_is_no_chain_of_100_000_rounds() -> None:
    links = {f"l{number}": f"l{number + 1}" for number in range(100_000)}
    assert [each.path for each in quickly([layer(0, ["l0/f"], symlinks=links)]).packages] == ["l0/f"]


def test_a_link_may_lead_deeper_than_anything_is_nested() -> None:
    layers = [layer(0, symlinks={"a": DEEP}), layer(1, ["a/f"]), layer(2, whiteouts=("x",))]
    assert [each.path for each in quickly(layers).packages] == [f"{DEEP}/f"]
    assert quickly([*layers, layer(3, whiteouts=("b/b/b",))]).packages == ()


def test_links_that_lead_beyond_every_length_lead_nowhere() -> None:
    """Each doubles its way: the forty that may be followed would make a path of terabytes."""
    links = {f"l{number}": f"/l{number + 1}/x/l{number + 1}" for number in range(60)}
    links |= {f"x/{name}": target for name, target in links.items()}
    assert len(quickly([layer(0, symlinks=links), layer(1, ["l0/f"])]).packages) == 1


@pytest.mark.parametrize("target", [f"/f/{DEEP}/x", "/f/" + "b/../" * 800, "f/" + "./" * 2000])
def test_long_targets_of_many_links_are_followed_within_the_budget(target: str) -> None:
    links = {"f": "g", **{f"x/f{number}": target for number in range(2000)}}
    layers = [layer(0, ["f/x"], symlinks=links)]
    layers += [layer(number, [f"f/y{number}"]) for number in range(1, 60)]
    (exceeded, *_) = quickly(layers, Budgets(squash=1_000_000)).problems
    assert exceeded.kind is ProblemKind.BUDGET_EXCEEDED
    assert "CAREEN_BUDGET_SQUASH" in exceeded.message


def test_a_layer_may_stand_there_2000_times() -> None:
    many = layer(0, [f"usr/lib/{number}" for number in range(3000)])
    assert len(quickly([many] * 2000, Budgets(squash=1_000_000)).packages) == 3000


def test_names_by_the_million_in_each_layer_are_unpacked_within_the_budget() -> None:
    packer = FilePacker()
    for number in range(500_000):
        packer.add_all(f"{number % 2}/", [b"n" * 50])
    files = packer.pack()
    layers = [layer(0, ["q/p"]), *(layer(number, ["q/p"], files=files) for number in range(1, 100))]
    (exceeded, *_) = quickly(layers, Budgets(squash=1_000_000)).problems
    assert "CAREEN_BUDGET_SQUASH" in exceeded.message


def test_many_layers_of_many_files_are_laid_upon_each_other_within_the_budget() -> None:
    layers = [layer(0, [f"d{number}/p" for number in range(20_000)])]
    layers += [layer(number, [f"q/{number}"]) for number in range(1, 2000)]
    (exceeded, *_) = quickly(layers, Budgets(squash=1_000_000)).problems
    assert "CAREEN_BUDGET_SQUASH" in exceeded.message
