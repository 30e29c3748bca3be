"""The errors this package raises.

    Exception
    └── SightlineError (also named PerspectiveError)    whatever the engine or the protocol answers with
        ├── ViewNotFoundError                           the view was deleted, or never existed
        ├── ConfigError (and ValueError)                a view config that cannot be read
        ├── SessionClosedError (and ValueError)         a request through a closed session or server
        ├── TransportError                              the bytes did not reach the server
        ├── EditRejectedError                           a validator rejected what a client wanted to write
        ├── DurabilityError                             a durable table cannot be read or written
        ├── MemoryLimitError (and MemoryError)          a request does not fit in what memory is left
        └── EngineError                                 the engine itself failed, and is not used again
            ├── EngineTimeoutError                      a request ran past the server's `request_timeout`
            └── ForkError                               a server was used in a child process after `fork`

Wrong Python arguments raise the built-in `TypeError`, `ValueError` and `OverflowError`, as anywhere else.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DurabilityError",
    "EditRejectedError",
    "EngineError",
    "EngineTimeoutError",
    "ForkError",
    "MemoryLimitError",
    "PerspectiveError",
    "SessionClosedError",
    "SightlineError",
    "TransportError",
    "ViewNotFoundError",
]


class SightlineError(Exception):
    """An error of the engine or of the protocol; `args[0]` is the message."""


PerspectiveError = SightlineError
"""The name a program written for perspective-python catches."""


class ViewNotFoundError(SightlineError):
    """The view was deleted, or never existed."""


class ConfigError(SightlineError, ValueError):
    """A view config has an unknown key, or a value that is not one of those allowed."""


class SessionClosedError(SightlineError, ValueError):
    """A session, client or server was used after it was closed."""


class TransportError(SightlineError):
    """The bytes of a request did not reach the server."""


class MemoryLimitError(SightlineError, MemoryError):
    """A request does not fit in the memory that the engine has left; nothing was changed."""


class EditRejectedError(SightlineError):
    """Raised by a validator to reject an edit; its text is what the user is told."""


class DurabilityError(SightlineError):
    """A durable table cannot be read or written."""


class EngineError(SightlineError):
    """The engine failed. Its tables are lost; other engines of the process go on."""


class EngineTimeoutError(EngineError):
    """A request ran past the server's `request_timeout` and was interrupted; the engine is not used again."""


class ForkError(EngineError):
    """A server was used in a child process after `fork`: engine threads do not survive one."""
