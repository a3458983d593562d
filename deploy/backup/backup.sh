#!/bin/sh
# A dump of the database a day, the newest seven kept. libpq's PG* variables say where it is.
#
#   backup.sh            runs for good and makes a dump whenever the newest is a day old
#   backup.sh once       makes one dump now
#
# BACKUP_DIR is the folder of the dumps, BACKUP_KEEP how many are kept.
set -eu
umask 077

BACKUP_DIR=${BACKUP_DIR:-/backups}
BACKUP_KEEP=${BACKUP_KEEP:-7}
# A little under a day, so that the hour of the dump does not wander.
DAY_MINUTES=1435
POLL_SECONDS=300

back_up() {
    draft="$BACKUP_DIR/.draft"
    dump="$BACKUP_DIR/instasell-$(date -u +%Y%m%dT%H%M%SZ).dump"
    # A dump gets its name when it is whole and its table of contents can be read.
    # The rights of roles are given again by `instasell-server migrate`, to the roles that are there.
    pg_dump --format=custom --no-privileges --file="$draft" || return 1
    pg_restore --list "$draft" >/dev/null || return 1
    sync "$draft"
    mv "$draft" "$dump"
    echo "wrote $dump ($(wc -c <"$dump") bytes)"
    prune
}

prune() {
    # Names sort by time, so the oldest come last in reverse.
    find "$BACKUP_DIR" -maxdepth 1 -name 'instasell-*.dump' | sort -r |
        tail -n "+$((BACKUP_KEEP + 1))" |
        while IFS= read -r old; do
            rm -f -- "$old"
            echo "removed $old"
        done
}

is_due() {
    [ -z "$(find "$BACKUP_DIR" -maxdepth 1 -name 'instasell-*.dump' -mmin "-$DAY_MINUTES")" ]
}

mkdir -p "$BACKUP_DIR"
if [ "${1:-}" = once ]; then
    back_up
    exit
fi
while :; do
    if is_due && ! back_up; then
        echo 'the backup failed; it is tried again' >&2
    fi
    sleep "$POLL_SECONDS"
done
