"""Backups of a market in one file each, and the way back.

An archive is a tar of the database's dump, of the files in the data folder that belong to the
market, and last of a manifest that says what each part is to be. It gets its name when it is whole
and on the disk, and nothing of it is restored before all of it has been checked.
"""

from __future__ import annotations

from instasell_server.backups.archive import ArchiveDamaged, BackupError, Manifest
from instasell_server.backups.create import Backup, BackupSource, back_up
from instasell_server.backups.daily import DailyBackups
from instasell_server.backups.restore import TargetNotEmpty, restore_embedded, restore_into_url

__all__ = [
    "ArchiveDamaged",
    "Backup",
    "BackupError",
    "BackupSource",
    "DailyBackups",
    "Manifest",
    "TargetNotEmpty",
    "back_up",
    "restore_embedded",
    "restore_into_url",
]
