"""The one tree of errors; each door (api, registry, cli) maps a kind to its own format in one table.

    Error
    ├── Invalid           the caller's input is wrong
    ├── NotFound          what is named does not exist
    ├── Exists            what is to be made exists already, or stands in the way
    ├── Precondition      the call is right, but the resource is not in the state for it
    ├── Cancelled         somebody asked for an end before the end
    ├── Denied            the caller may not
    ├── Unauthenticated   nobody knows the caller
    ├── Exhausted         a budget, quota or limit is used up
    ├── Unavailable       not now; the same call may succeed later
    ├── Unimplemented     known, but not built
    └── Internal          our fault

A part subclasses one kind beside the code that raises it.
"""


class Error(Exception):
    """An answer to the caller, in words that help; never a secret in it.

    `field` names the request's field at fault; `resource` is (kind, name) of what is missing.
    """

    def __init__(self, message: str, *, field: str = "", resource: tuple[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.resource = resource

    @property
    def kind(self) -> str:
        """The name of the kind, of which a part's own error is a subclass: "Invalid"."""
        return next(cls.__name__ for cls in type(self).__mro__ if Error in cls.__bases__)


class Invalid(Error): ...


class NotFound(Error):
    @classmethod
    def of(cls, kind: str, name: str) -> "NotFound":
        """The wording of Yandex' service, for example `Image crp1 not found`."""
        return cls(f"{kind} {name} not found", resource=(kind, name))


class Exists(Error): ...


class Precondition(Error): ...


class Cancelled(Error): ...


class Denied(Error): ...


class Unauthenticated(Error): ...


class Exhausted(Error): ...


class Unavailable(Error): ...


class Unimplemented(Error): ...


class Internal(Error): ...
