"""docker-compose.yml, Dockerfile and what belongs to them: schemas, and what must hold beyond."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from instasell_server.config.settings import Settings

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "deploy/compose.env.example").read_text(encoding="utf-8")
ONE_TIME = {"migrate", "minio-prepare"}
SECRETS = {
    *("POSTGRES_PASSWORD", "REDIS_PASSWORD", "MINIO_ROOT_PASSWORD", "STORAGE_SECRET_KEY"),
    *("INSTASELL_JWT_SECRET", "SERVER_DATABASE_PASSWORD"),
}


@pytest.mark.parametrize(
    "command",
    [
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        ["hadolint", "--failure-threshold", "info", "Dockerfile"],
    ],
    ids=lambda command: command[0],
)
def test_files_keep_to_their_schemas(command: list[str]) -> None:
    result = subprocess.run(
        [PROGRAMS / command[0], *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_the_proxy_is_published() -> None:
    published = {name for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy"}
    inner = {
        name for name, network in COMPOSE["networks"].items() if (network or {}).get("internal")
    }
    # Those who ask the payment provider have to get out, and nobody else has.
    asking = {name for name, each in SERVICES.items() if "provider" in each["networks"]}
    assert asking == {"server", "worker"}
    for name, service in SERVICES.items():
        assert name == "proxy" or set(service["networks"]) - {"provider"} <= inner, name


@pytest.mark.parametrize("name", SERVICES)
def test_services_start_again_and_are_watched(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_TIME:
        assert service["restart"].startswith("on-failure")
        return
    assert service["restart"] == "unless-stopped"
    # A server's health check stands in its image.
    assert "healthcheck" in service or "build" in service


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        image, _, tag = service["image"].partition(":")
        assert tag not in ("", "latest"), f"{name}: {image}"
        # A first part with a dot or a port would name a registry's host.
        assert not re.search(r"[.:]", image.split("/")[0]), image


def test_secrets_have_no_default_and_compose_refuses_to_start_without_them() -> None:
    used = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", COMPOSE_TEXT)
    assert {name for name, rest in used if rest.startswith(":?")} == SECRETS
    for name, rest in used:
        if name in SECRETS:
            assert rest.startswith(":?"), f"{name} has a default"
    empty = set(re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.MULTILINE))
    assert empty == SECRETS


def test_the_example_names_every_variable_that_is_asked_for() -> None:
    asked = {name for name, _ in re.findall(r"\$\{([A-Z_]+)([^}]*)\}", COMPOSE_TEXT)}
    assert asked <= set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))


def test_the_servers_variables_are_settings() -> None:
    known = {f"INSTASELL_{name.upper()}" for name in Settings.model_fields}
    for name in ("server", "worker"):
        assert set(SERVICES[name]["environment"]) <= known
    in_image = set(re.findall(r"\b(INSTASELL_[A-Z_]+)=", DOCKERFILE))
    assert in_image <= known


def test_no_listening_service_has_the_owners_password() -> None:
    for name in ("server", "worker"):
        environment = str(SERVICES[name]["environment"])
        assert "://instasell_server:${SERVER_DATABASE_PASSWORD" in environment
        assert "POSTGRES_PASSWORD" not in environment
        assert SERVICES[name]["depends_on"]["migrate"] == {
            "condition": "service_completed_successfully"
        }
    known = {f"INSTASELL_{name.upper()}" for name in Settings.model_fields}
    assert set(SERVICES["migrate"]["environment"]) <= known


def test_mail_goes_to_the_catcher_until_a_mail_server_is_named() -> None:
    for name in ("server", "worker"):
        environment = SERVICES[name]["environment"]
        assert environment["INSTASELL_SMTP_HOST"] == "${INSTASELL_SMTP_HOST:-mail}"
        assert environment["INSTASELL_SMTP_PORT"] == "${INSTASELL_SMTP_PORT:-1025}"
        assert environment["INSTASELL_SMTP_SECURITY"] == "${INSTASELL_SMTP_SECURITY:-none}"
    # The worker sends, and reaches the catcher as well as a server elsewhere.
    assert {"back", "provider"} <= set(SERVICES["worker"]["networks"])
    assert SERVICES["mail"]["networks"] == ["back"]
    defaults = {"smtp_host": "mail", "smtp_port": 1025, "smtp_security": "none"}
    assert Settings(_env_file=None, **defaults).smtp_username is None


def test_every_part_of_a_server_runs_somewhere() -> None:
    commands = [SERVICES[name]["command"] for name in ("server", "worker")]
    roles = {
        role for command in commands for role in command[command.index("--role") + 1].split(",")
    }
    assert roles == {"api", "ws", "worker"}


def test_the_proxy_is_believed_and_nobody_else() -> None:
    (front,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    trusted = SERVICES["server"]["environment"]["INSTASELL_TRUSTED_PROXIES"]
    assert trusted == front["subnet"]
    members = {name for name, service in SERVICES.items() if "front" in service["networks"]}
    assert members == {"proxy", "server"}


def test_the_storage_is_reached_by_the_proxy_and_with_an_account_of_its_own() -> None:
    members = {name for name, service in SERVICES.items() if "files" in service["networks"]}
    assert members == {"proxy", "minio"}
    environment = SERVICES["server"]["environment"]
    prepared = SERVICES["minio-prepare"]["environment"]
    assert environment["INSTASELL_STORAGE_ACCESS_KEY"] == prepared["STORAGE_ACCESS_KEY"]
    assert environment["INSTASELL_STORAGE_ACCESS_KEY"] != prepared["MINIO_ROOT_USER"]
    assert environment["INSTASELL_STORAGE_SECRET_KEY"] == prepared["STORAGE_SECRET_KEY"]
    assert prepared["MINIO_BUCKET"] == Settings.model_fields["storage_bucket"].default


def test_mounted_files_exist_and_volumes_are_declared() -> None:
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file(), source
                assert mount.endswith(":ro"), mount
            else:
                assert source in COMPOSE["volumes"], source


def test_seven_dumps_are_kept() -> None:
    assert SERVICES["backup"]["environment"]["BACKUP_KEEP"] == "7"


def test_the_bucket_is_versioned() -> None:
    script = (ROOT / "deploy/minio/prepare.sh").read_text(encoding="utf-8")
    assert "mc version enable" in script


def test_the_image_runs_as_its_own_user_without_secrets_or_tools() -> None:
    final = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!0\b)\d+:\d+$", final, re.MULTILINE)
    assert "apt-get" not in DOCKERFILE
    assert "pip uninstall --yes pip" in final
    assert "HEALTHCHECK" in final
    assert not re.search(r"(?i)(secret|password|token)\S*=", DOCKERFILE)
    assert "--require-hashes" in DOCKERFILE


def test_the_image_is_made_of_named_files_only() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == let_in
