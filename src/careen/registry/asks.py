"""What a request wants of the registry."""

from dataclasses import dataclass

from careen.auth.roles import Right
from careen.model.policy import IpAction

CALLER = "careen.caller"  # where the scope of a request has its Identity


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request wants: the action is one of a token's scope, and has a right and an IP permission."""

    repository: str
    action: str  # "pull", "push" or "delete"

    @property
    def right(self) -> Right:
        return Right.PULL if self.action == "pull" else Right.PUSH

    @property
    def ip_action(self) -> IpAction:
        return IpAction.PULL if self.action == "pull" else IpAction.PUSH

    @property
    def scope(self) -> str:
        """As a client has to ask for it; a push reads what is there already."""
        actions = "pull" if self.action == "pull" else f"pull,{self.action}"
        return f"repository:{self.repository}:{actions}"
