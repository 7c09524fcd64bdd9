"""Index one layer that is there as a whole, in a child process."""

from careen.images.budgets import Budgets
from careen.jobs.child import LayerSource
from careen.jobs.reading import Reading
from careen.model.layer import LayerIndex

__all__ = ["LayerSource", "index_layer"]

_TURN = 3600.0  # seconds; the budget ends it before


def index_layer(source: LayerSource, *, budgets: Budgets) -> LayerIndex:
    """What the layer holds; raises as `Reading.turn` does."""
    with Reading(source.path, source.offset, budgets=budgets) as reading:
        reading.hear(source.size, source.digest)
        while (index := reading.turn(_TURN)) is None:
            pass
        return index
