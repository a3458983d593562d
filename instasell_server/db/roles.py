"""Rights in the database: one role owns the schema, and another serves with less.

The server's role reads and writes rows. It cannot TRUNCATE, change the schema or switch a trigger
off, and of a table whose rows are final (those with the trigger function `refuse_change`) it can
neither change nor delete one. So an attacker who controls a server can add to the books, but not
rewrite them. The owner's role is used by `instasell-server migrate` and by no process that listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import psycopg2
from psycopg2 import sql

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

READ_ONLY = frozenset({"schema_migrations", "admin_action_links"})
"""Tables that only the owner writes: by migrating, and by a trigger with its rights."""
_CHANGES = {"UPDATE": 16, "DELETE": 8}
"""The bits of pg_trigger.tgtype by which a trigger says what it fires at."""

_RELATIONS = """
SELECT c.relname, c.relkind::text,
       ARRAY(SELECT privilege_type::text FROM aclexplode(c.relacl) WHERE grantee = r.oid),
       (SELECT coalesce(bit_or(t.tgtype), 0) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE t.tgrelid = c.oid AND p.proname = 'refuse_change')
FROM pg_class c, pg_roles r
WHERE r.rolname = %s AND c.relnamespace = 'public'::regnamespace
  AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND pg_get_userbyid(c.relowner) = current_user
"""

EXCESS = """
SELECT current_user::text,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       OR pg_has_role(current_user, c.relowner, 'MEMBER')
       OR has_table_privilege(c.oid, 'TRUNCATE, UPDATE, DELETE, TRIGGER')
FROM pg_class c WHERE c.oid = to_regclass('public.bids')
"""
"""Gives the role of a connection, and whether it could do more than serve."""

_FUTURE = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
GRANT USAGE ON SCHEMA public TO {role};
"""


ROLE_ADVICE = (
    "the server's role could change the schema or rewrite the books; let it serve as a role of its"
    " own, see docs/deployment.md, Two roles"
)


class ServingRole(NamedTuple):
    """Name the role of a connection; one that `is_excessive` could change schema or books."""

    name: str
    is_excessive: bool


def find_role(url: str) -> tuple[str, str]:
    """Return the role and the database that a URL leads to."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            [(role, database)] = cursor.fetchall()
            return str(role), str(database)
    finally:
        connection.close()


def grant_rights(cursor: Cursor, role: str) -> None:
    """Give a role what serving needs, on what there is and on what later migrations make.

    The cursor is the owner's. What the role has beyond that on the owner's tables is taken back.
    """
    name = sql.Identifier(role)
    cursor.execute("SELECT has_schema_privilege('public', 'public', 'CREATE')")
    [(is_open,)] = cursor.fetchall()
    if is_open:
        # So it is in databases that come from PostgreSQL 14 and before.
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    cursor.execute(sql.SQL(_FUTURE).format(role=name))
    cursor.execute(_RELATIONS, (role,))
    for relation, kind, held, refused in cursor.fetchall():
        wanted = _rights_on(relation, kind, refused)
        if set(held) == wanted:
            continue
        place = sql.SQL("SEQUENCE {}" if kind == "S" else "TABLE {}").format(
            sql.Identifier("public", relation)
        )
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(place, name))
        rights = sql.SQL(", ".join(sorted(wanted)))
        cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(rights, place, name))


def _rights_on(relation: str, kind: str, refused: int) -> set[str]:
    if kind == "S":
        return {"USAGE", "SELECT"}
    if kind in "vm" or relation in READ_ONLY:
        return {"SELECT"}
    allowed = {right for right, bit in _CHANGES.items() if not refused & bit}
    return {"SELECT", "INSERT"} | allowed


def find_serving_role(url: str) -> ServingRole:
    """Look at the rights of the role that a server connects as, on a migrated database."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(EXCESS)
            [(name, is_excessive)] = cursor.fetchall()
            return ServingRole(str(name), bool(is_excessive))
    finally:
        connection.close()
