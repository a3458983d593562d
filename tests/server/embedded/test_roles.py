"""The two roles of embedded engines, of the composition, and of a folder from before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors

from instasell_server.db.migrate import migrate_to_latest
from instasell_server.db.roles import find_role, find_serving_role
from instasell_server.embedded import EmbeddedEngines
from tests.server.embedded.test_engines import ask

SCRIPT = Path(__file__).parents[3] / "deploy" / "postgres" / "roles.sh"


def test_a_folder_of_before_gets_its_second_role(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir) as engines:
        urls = engines.urls
        secrets = engines._folder.secrets()
        superuser = urls.database_url.replace(
            f"instasell:{secrets.role}@", f"postgres:{secrets.superuser}@"
        )
        migrate_to_latest(urls.database_url, None)
        # As before: one role, which owns everything.
        ask(superuser, "DROP OWNED BY instasell_server; DROP ROLE instasell_server")
    with EmbeddedEngines(data_dir) as engines:
        # What a role may do to itself, and to the market that starts with it the next time.
        ask(engines.urls.server_database_url, "ALTER ROLE CURRENT_USER PASSWORD 'changed'")
        ask(superuser, "ALTER ROLE instasell_server SET default_transaction_read_only = on")
        ask(
            superuser,
            "ALTER ROLE instasell_server IN DATABASE instasell SET statement_timeout = 1",
        )
    with EmbeddedEngines(data_dir) as engines:
        urls = engines.urls
        assert ask(superuser, "SELECT count(*) FROM pg_db_role_setting") == [(0,)]
        assert find_role(urls.server_database_url) == ("instasell_server", "instasell")
        assert migrate_to_latest(urls.server_database_url, urls.database_url) == []
        assert not find_serving_role(urls.server_database_url).is_excessive
        assert ask(urls.server_database_url, "SELECT count(*) FROM bids") == [(0,)]
        with pytest.raises(errors.InsufficientPrivilege):
            ask(urls.server_database_url, "TRUNCATE bids CASCADE")
        check_script(engines, superuser)


def check_script(engines: EmbeddedEngines, superuser: str) -> None:
    """The composition's script makes the role, and gives it another password later."""
    settings = psycopg2.extensions.parse_dsn(superuser)
    for password in ("it's a first one", "second"):
        environment = {
            "PATH": f"{engines.postgres_bin('psql').parent}:{os.defpath}",
            "PGHOST": settings["host"],
            "PGPASSWORD": settings["password"],
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": "instasell",
            "SERVER_DATABASE_USER": "market_server",
            "SERVER_DATABASE_PASSWORD": password,
        }
        subprocess.run(["sh", str(SCRIPT)], env=environment, check=True)
        url = psycopg2.extensions.make_dsn(superuser, user="market_server", password=password)
        assert find_role(url) == ("market_server", "instasell")
    assert ask(superuser, "SELECT count(*) FROM pg_roles WHERE rolname = 'market_server'") == [(1,)]
    assert migrate_to_latest(url, engines.urls.database_url) == []
    assert not find_serving_role(url).is_excessive
