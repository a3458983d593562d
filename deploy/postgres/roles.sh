#!/bin/sh
# Makes the role that the market serves as, or gives it the password that is set. The image of
# PostgreSQL runs this on an empty volume; on one that has a market already, run it once by hand:
#
#   docker compose exec postgres sh /docker-entrypoint-initdb.d/10-roles.sh
#
# The role gets no rights here. `instasell-server migrate` gives them, as the owner of the tables.
set -eu

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv name SERVER_DATABASE_USER
\getenv password SERVER_DATABASE_PASSWORD
SELECT format('CREATE ROLE %I', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name')
\gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
              ' PASSWORD %L', :'name', :'password')
\gexec
SQL
