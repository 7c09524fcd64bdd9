"""What is kept of a dry run."""

from collections.abc import Callable

from careen.model import ids
from careen.model.policy import Candidate, DryRun, LifecyclePolicy, PolicyStatus
from careen.model.registry import Image, Repository
from careen.store import lifecycle
from careen.store.columns import now
from careen.store.database import Database
from careen.store.paging import Page


def test_a_dry_run_names_the_affected_images_that_are_still_there(
    database: Database, repository: Repository, push: Callable[..., Image]
) -> None:
    kept = [push(b"layer", tag="a"), push(b"layer", b"other", tag="b")]
    gone = [Candidate(ids.new(), now(), ()) for _ in range(40_000)]
    affected = [*gone, *(Candidate(image.id, now(), image.tags) for image in kept)]
    policy = LifecyclePolicy(ids.new(), repository.id, "", "", PolicyStatus.DISABLED, (), now())
    run = DryRun(ids.new(), policy.id, now(), len(affected))
    with database.write() as connection:
        lifecycle.add(connection, policy)
        lifecycle.add_dry_run(connection, run, affected)
        lifecycle.add_dry_run(connection, DryRun(ids.new(), policy.id, now(), 0), [])
    with database.read() as connection:
        assert lifecycle.dry_run(connection, run.id) == run
        assert [image.id for image in lifecycle.affected_page(connection, run.id, Page())] == [
            image.id for image in kept
        ]
