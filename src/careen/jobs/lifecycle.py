"""What a lifecycle policy deletes (yandex-cloud/docs, container-registry/concepts/lifecycle-policy.md).

A rule speaks of images without tags, or of tags that its expression matches as a whole. An image goes
when every rule that speaks of it wants that, and when each of its tags is spoken of: a tag that no rule
names keeps its image, whatever is said of the others.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

import structlog
from sqlalchemy import Connection

from careen.errors import Exists, Invalid
from careen.jobs import tag_expressions
from careen.jobs.tag_expressions import TooSlow
from careen.model.policy import Candidate, LifecyclePolicy, LifecycleRule
from careen.store import images, lifecycle
from careen.store.columns import now
from careen.store.database import Database

log = structlog.get_logger(__name__)

Around = Callable[[], AbstractContextManager[object]]

_AT_ONCE = 100  # images that one transaction deletes: others wait for it


def affected(policy: LifecyclePolicy, found: Sequence[Candidate], at: datetime) -> list[Candidate]:
    """Those of the repository's images that the policy deletes, oldest first.

    Raises TooSlow, and Invalid for an expression that RE2 does not know.
    """
    newest_first = sorted(found, key=lambda image: (image.created_at, image.id), reverse=True)
    named = tag_expressions.named(
        [rule.tag_regexp for rule in policy.rules], {tag for image in found for tag in image.tags}
    )
    rules = [
        (rule, [image for image in newest_first if _covers(rule, tags, image)])
        for rule, tags in zip(policy.rules, named, strict=True)
    ]
    spared = {image.id for rule, covered in rules for image in _spared(rule, covered, at)}
    all_named = frozenset().union(*named)
    return [
        image
        for image in reversed(newest_first)
        if image.id not in spared and _is_told(policy, all_named, image)
    ]


def _covers(rule: LifecycleRule, named: AbstractSet[str], image: Candidate) -> bool:
    return not named.isdisjoint(image.tags) if image.tags else rule.untagged


def _is_told(policy: LifecyclePolicy, named: AbstractSet[str], image: Candidate) -> bool:
    """Whether the rules speak of all that would be lost."""
    return named >= set(image.tags) if image.tags else any(rule.untagged for rule in policy.rules)


def _spared(rule: LifecycleRule, newest_first: Sequence[Candidate], at: datetime) -> Iterator[Candidate]:
    """The images that the rule speaks of and does not want gone."""
    for number, image in enumerate(newest_first):
        is_young = rule.expire_period is not None and at - image.created_at < rule.expire_period
        if number < rule.retained_top or is_young:
            yield image


def apply_policies(database: Database, around: Around = nullcontext) -> int:
    """Delete what the active policies want gone; gives the number of images.

    Each transaction is within an `around()`, which is left when what was deleted is gone for good.
    """
    with database.read() as connection:
        policies = lifecycle.active(connection)
    return sum(_try(database, policy, around) for policy in policies)


def _try(database: Database, policy: LifecyclePolicy, around: Around) -> int:
    """A policy that cannot be carried out keeps no other from it."""
    try:
        return _apply(database, policy, around)
    except (TooSlow, Invalid) as error:  # Yandex' expressions are Java's: a migration may bring others
        log.warning("lifecycle policy not applied", policy=policy.id, reason=error.message)
        return 0


def _apply(database: Database, policy: LifecyclePolicy, around: Around) -> int:
    """In several transactions; what is doomed is found anew as soon as the repository or policy changes."""
    deleted = 0
    while count := _delete(database, policy, around):
        deleted += count
    if deleted:
        log.info("images deleted by lifecycle policy", policy=policy.id, images=deleted)
    return deleted


def _delete(database: Database, policy: LifecyclePolicy, around: Around) -> int:
    with database.read() as connection:
        state = images.state(connection, policy.repository_id)
        candidates = images.candidates(connection, policy.repository_id)
    doomed = affected(policy, candidates, now())
    deleted = 0
    for start in range(0, len(doomed), _AT_ONCE):
        with around(), database.write() as connection:
            if lifecycle.get(connection, policy.id) != policy:
                break
            if images.state(connection, policy.repository_id) != state:  # a push, or a tag that moved
                break
            deleted += _delete_all(connection, doomed[start : start + _AT_ONCE])
            state = images.state(connection, policy.repository_id)
    return deleted


def _delete_all(connection: Connection, doomed: Sequence[Candidate]) -> int:
    deleted = 0
    for image in doomed:
        try:
            deleted += images.delete(connection, image.id)
        except Exists:  # an index was pushed that names it
            continue
    return deleted
