"""Evidence in a dispute: a file of this computer to be sent, and a sent one to be saved here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from instasell_client import Invalid
from instasell_client.models.media import Evidence, EvidenceType
from instasell_client.resources.media import FILE_BYTES_MAX, evidence_type

NAME_MAX = 200
"""Characters of a file's name, as the market takes them."""
_HEAD_BYTES = 64
_ENDINGS = {"image/jpeg": ".jpg", "application/pdf": ".pdf", "text/plain": ".txt"}


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """Hold a file to send: the name that both sides see, the type by the first bytes, and all
    bytes.
    """

    name: str
    content_type: EvidenceType
    data: bytes

    @property
    def digest(self) -> str:
        """Tell two files of one name apart."""
        return hashlib.sha256(self.data).hexdigest()


def locate_file(typed: str) -> Path:
    """Return the path that the user typed; `~` is the home folder. It need not exist."""
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        # There is no such user; then it is a name as any other.
        return Path(typed)


def problem(typed: str) -> str | None:
    """Return why the file cannot be sent, as far as its name, size and first bytes tell."""
    path = locate_file(typed)
    try:
        if path.is_dir():
            return "That is a folder: name a file in it"
        if not path.exists():
            return "There is no such file"
        if not path.is_file():
            return "That is no ordinary file"
        size = path.stat().st_size
        with path.open("rb") as file:
            evidence_type(file.read(_HEAD_BYTES))
    except Invalid as error:
        return error.errors[0].message
    except (OSError, ValueError) as error:
        return f"It cannot be read: {getattr(error, 'strerror', None) or error}"
    if not size:
        return "The file is empty"
    if size > FILE_BYTES_MAX:
        return "The file is too large"
    return f"Its name has more than {NAME_MAX} characters" if len(path.name) > NAME_MAX else None


def read(typed: str) -> EvidenceFile:
    """Read the whole file; it may block. Raises OSError, and ValueError for unfit files."""
    path = locate_file(typed)
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if not 0 < len(data) <= FILE_BYTES_MAX:
        raise ValueError("the file is too large" if data else "the file is empty")
    try:
        kind = evidence_type(data)
    except Invalid as error:
        raise ValueError(error.errors[0].message) from error
    if kind == "text/plain":
        try:
            data.decode()
        except UnicodeDecodeError:
            # The market would say the same, but after all bytes were sent.
            raise ValueError("it is no picture, no PDF and no text in UTF-8") from None
    return EvidenceFile(path.name, kind, data)


def suggested_path(evidence: Evidence) -> str:
    """Return the path to save a file of another user: a plain name, in Downloads or here.

    Of the name that came with it only letters, digits, `.`, `-`, `_` and spaces are taken, and the
    ending is that of its type, so that no other program takes it for what it is not.
    """
    stem = Path(evidence.file_name.replace("\\", "/")).stem
    kept = "".join(each if each.isalnum() or each in "-_ " else "_" for each in stem)
    ending = _ENDINGS.get(evidence.content_type, ".bin")
    name = (kept.strip(" _-")[:80] or f"evidence-{evidence.id[:8]}") + ending
    downloads = Path("~/Downloads").expanduser()
    return f"~/Downloads/{name}" if downloads.is_dir() else name


def target_problem(typed: str) -> str | None:
    """Return why nothing can be saved under a path that was typed."""
    path = locate_file(typed)
    try:
        if path.is_dir():
            return "That is a folder: name a file in it"
        if path.exists():
            return "There is a file already: choose another name"
        return None if path.parent.is_dir() else "There is no such folder"
    except (OSError, ValueError) as error:
        return f"It cannot be written: {getattr(error, 'strerror', None) or error}"


def save(typed: str, data: bytes) -> Path:
    """Write a new file that only its owner reads, and return its whole path. Raises OSError."""
    path = locate_file(typed).absolute()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return path
