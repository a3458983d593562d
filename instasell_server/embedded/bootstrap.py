"""Make the market's roles and its database on an embedded cluster, again at every start.

A script of psql, with the names and the passwords of the roles in braces.
"""

from __future__ import annotations

from typing import Final

BOOTSTRAP: Final = r"""
\set role_password '{password}'
SHOW data_directory;
SELECT format('CREATE ROLE {role} LOGIN CREATEDB PASSWORD %L', :'role_password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')
\gexec
\set server_password '{server_password}'
SELECT format('CREATE ROLE {server_role} LOGIN PASSWORD %L', :'server_password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{server_role}')
\gexec
-- A role may change its own password and settings, which would lock the next server out.
SELECT format('ALTER ROLE %I PASSWORD %L', name, password) FROM (VALUES
    ('{role}', :'role_password'), ('{server_role}', :'server_password')) AS roles (name, password)
\gexec
SELECT format('ALTER ROLE %I %s RESET ALL', r.rolname, 'IN DATABASE ' || quote_ident(d.datname))
  FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
  LEFT JOIN pg_database d ON d.oid = s.setdatabase
 WHERE r.rolname IN ('{role}', '{server_role}')
\gexec
SELECT 'GRANT {server_role} TO {role}'
 WHERE NOT pg_has_role('{role}', '{server_role}', 'MEMBER')
\gexec
SELECT 'CREATE DATABASE {role} OWNER {role}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{role}')
\gexec
"""
