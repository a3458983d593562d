"""--debug: what is sent and answered, on stderr, without secrets."""

from __future__ import annotations

import logging
import os
import re
import sys

# The frames of a socket hold tokens, and headers hold them too: these loggers never go deeper.
_LEVELS = {"instasell_client": logging.DEBUG, "httpx": logging.INFO, "websockets": logging.INFO}
_SECRET = re.compile(r"(?i)(bearer\s+|\"?(?:token|password|secret)\"?\s*[:=]\s*\"?)[^\s\"',}]+")
# In a message for people "password: send at least 8 characters" names a field, and a secret is
# quoted or follows an equals sign.
_SECRET_IN_PROSE = re.compile(
    r"(?i)(bearer\s+|\"?(?:token|password|secret)\"?\s*(?:=\s*[\"']?|:\s*[\"']))[^\s\"',}]+"
)
HIDDEN = "[hidden]"


class RedactingFilter(logging.Formatter):
    """Formats records, and hides whatever looks like a secret."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line to print."""
        from instasell_cli.output.writer import clean

        return clean(redact(super().format(record)), keep="\n")


def redact(text: str, *, is_prose: bool = False) -> str:
    """Return `text` without bearer tokens, passwords, and the token of the environment."""
    own = os.environ.get("INSTASELL_TOKEN")
    if own:
        text = text.replace(own, HIDDEN)
    pattern = _SECRET_IN_PROSE if is_prose else _SECRET
    return pattern.sub(rf"\g<1>{HIDDEN}", text)


def start_debug_log() -> None:
    """Send the logs of the client to stderr; a second call does nothing."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFilter("%(relativeCreated)6d ms %(name)s: %(message)s"))
    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(handler)
            logger.setLevel(level)
            logger.propagate = False


def trace_of(error: BaseException) -> str:
    """Return the stack of an error, redacted, without control characters."""
    import traceback

    from instasell_cli.output.writer import clean

    return clean(redact("".join(traceback.format_exception(error))), keep="\n")
