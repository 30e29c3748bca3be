"""Log lines for people and for machines: an event with a name and fields, through `logging`.

A line reads `event key=value ...`; the record also carries `event` and `fields`, which `JSONFormatter` writes as JSON.
"""

from __future__ import annotations

import json
import logging
from typing import Any

__all__ = ["JSONFormatter", "log_event"]


def log_event(logger: logging.Logger, level: int, event: str, **fields: Any) -> None:
    """Logs an event. Values are written as JSON where they need quotes, so a line stays a line."""
    if logger.isEnabledFor(level):
        words = [event, *(f"{key}={_plain(value)}" for key, value in fields.items())]
        logger.log(level, "%s", " ".join(words), extra={"event": event, "fields": fields})


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)


class JSONFormatter(logging.Formatter):
    """Writes each record as one line of JSON: `time`, `level`, `logger`, `event` or `message`, and the event's fields.

    Example:
        >>> import logging, sightline
        >>> handler = logging.StreamHandler()
        >>> handler.setFormatter(sightline.JSONFormatter())
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging gives it
        """The text of the record, for lines that are no events."""
        return record.getMessage()

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        event = getattr(record, "event", None)
        if event is None:
            line["message"] = self.formatMessage(record)
        else:
            line["event"] = event
            # The fields' names are ours, but a field must not hide what every line has.
            line |= {key: value for key, value in getattr(record, "fields", {}).items() if key not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
