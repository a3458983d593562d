"""Profiles, tokens, and who wins."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from instasell_client.address import DEFAULT_URL
from instasell_client.credential_store import KeyringStore
from instasell_client.profiles import (
    Profile,
    ProfileError,
    ProfileStore,
    ServerTarget,
    config_folder,
    resolve_target,
)

HOME = Profile("home", "http://127.0.0.1:8780", "ann@example.org")
SHOP = Profile("shop", "https://shop.example")


class Drawer:
    """A keyring in memory; `works` is whether it takes anything."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.secrets: dict[str, str] = {}

    def get(self, entry: str) -> str | None:
        """The secret, or None."""
        return self.secrets.get(entry)

    def set(self, entry: str, secret: str) -> bool:
        """Return True if the secret was kept."""
        if self.works:
            self.secrets[entry] = secret
        return self.works

    def delete(self, entry: str) -> None:
        """Forget the secret."""
        self.secrets.pop(entry, None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the configuration that does not exist, and a clean environment."""
    for name in ("INSTASELL_TOKEN", "INSTASELL_URL"):
        monkeypatch.delenv(name, raising=False)
    found = tmp_path / "config" / "instasell"
    monkeypatch.setenv("INSTASELL_CONFIG_DIR", str(found))
    return found


@pytest.fixture
def store(folder: Path) -> ProfileStore:
    """A store without a keyring."""
    return ProfileStore(keyring=Drawer(works=False))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_there_at_first(store: ProfileStore) -> None:
    assert store.list() == {}
    assert store.find() is None
    assert resolve_target(store=store) == ServerTarget(DEFAULT_URL, None)


def test_profile_comes_back_with_its_token(store: ProfileStore, folder: Path) -> None:
    store.save(HOME, "secret-1")
    store.save(SHOP, "secret-2")
    again = ProfileStore(keyring=Drawer(works=False))
    assert again.list() == {"home": HOME, "shop": SHOP}
    assert again.current_name() == "shop"
    assert (again.token(HOME), again.token(SHOP)) == ("secret-1", "secret-2")
    assert "secret" not in (folder / "profiles.toml").read_text()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_token_is_for_its_owner_alone(store: ProfileStore, folder: Path) -> None:
    former = os.umask(0)
    try:
        store.save(HOME, "secret")
    finally:
        os.umask(former)
    assert _mode(folder) == 0o700
    assert _mode(folder / "tokens") == 0o700
    assert _mode(folder / "tokens" / "home") == 0o600
    (folder / "tokens" / "home").chmod(0o644)
    assert store.token(HOME) == "secret"
    assert _mode(folder / "tokens" / "home") == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_folder_that_was_there_keeps_its_mode(store: ProfileStore, folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    store.save(HOME, "secret")
    assert _mode(folder) == 0o755


def test_keyring_is_preferred(folder: Path) -> None:
    drawer = Drawer()
    store = ProfileStore(keyring=drawer)
    store.save(HOME, "secret")
    assert [*drawer.secrets.values()] == ["secret"]
    assert not (folder / "tokens").exists()
    assert store.token(HOME) == "secret"
    store.forget_token("home")
    assert drawer.secrets == {}
    assert store.token(HOME) is None
    assert store.find("home") == HOME


def test_token_in_a_file_goes_when_the_keyring_takes_the_next(folder: Path) -> None:
    drawer = Drawer(works=False)
    store = ProfileStore(keyring=drawer)
    store.save(HOME, "first")
    drawer.works = True
    store.save(HOME, "second")
    assert not (folder / "tokens" / "home").exists()
    assert store.token(HOME) == "second"


def test_profile_that_moves_to_another_server_leaves_no_token(folder: Path) -> None:
    drawer = Drawer()
    store = ProfileStore(keyring=drawer)
    store.save(HOME, "secret")
    store.save(Profile("home", "https://elsewhere.example"), None)
    assert drawer.secrets == {}


def test_switching_and_removing(store: ProfileStore) -> None:
    store.save(HOME, "secret-1")
    store.save(SHOP, "secret-2")
    assert store.use("home") == HOME
    assert store.find() == HOME
    store.remove("home")
    assert store.list() == {"shop": SHOP}
    assert store.find() is None
    for call in (store.use, store.remove):
        with pytest.raises(ProfileError, match="there are: shop"):
            call("home")


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "x" * 41, "a b", "ä"])
def test_name_that_is_no_file_name_is_refused(store: ProfileStore, name: str) -> None:
    with pytest.raises(ProfileError, match="letters"):
        store.save(Profile(name, HOME.url), "secret")


def test_text_is_quoted(store: ProfileStore) -> None:
    odd = Profile("odd", "http://x", 'a"b\\c\nd\x7f\u2028@é')
    store.save(odd, None)
    assert store.find("odd") == odd


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("current = ", id="no TOML"),
        pytest.param("[profiles.x]\n", id="no url"),
        pytest.param('[profiles.x]\nurl = "ftp://x"\n', id="another url"),
        pytest.param('[profiles."a/b"]\n', id="no name"),
        pytest.param("x = 1\n" * 100_000, id="too long"),
    ],
)
def test_file_that_cannot_be_used_is_named(store: ProfileStore, folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "profiles.toml").write_text(text)
    with pytest.raises(ProfileError, match=r"profiles\.toml"):
        store.list()


class TestWhoWins:
    """Arguments, environment, profile, default."""

    @pytest.fixture(autouse=True)
    def _saved(self, store: ProfileStore) -> None:
        store.save(SHOP, "shop-token")
        store.save(HOME, "home-token")

    def test_current_profile(self, store: ProfileStore) -> None:
        assert resolve_target(store=store) == ServerTarget(HOME.url, "home-token", HOME)

    def test_named_profile(self, store: ProfileStore) -> None:
        assert resolve_target("shop", store=store) == ServerTarget(SHOP.url, "shop-token", SHOP)
        with pytest.raises(ProfileError):
            resolve_target("other", store=store)

    def test_token_of_the_environment(
        self, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INSTASELL_TOKEN", "ci")
        assert resolve_target(store=store) == ServerTarget(HOME.url, "ci", HOME)

    def test_address_of_the_environment_gets_no_other_servers_token(
        self, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INSTASELL_URL", "http://elsewhere/")
        assert resolve_target(store=store) == ServerTarget("http://elsewhere", None)
        monkeypatch.setenv("INSTASELL_TOKEN", "ci")
        assert resolve_target(store=store) == ServerTarget("http://elsewhere", "ci")
        assert resolve_target("shop", store=store) == ServerTarget("http://elsewhere", "ci")

    def test_argument_wins_over_the_environment(
        self, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INSTASELL_URL", "http://elsewhere")
        same = resolve_target(url=f"{HOME.url}/", store=store)
        assert same == ServerTarget(HOME.url, "home-token", HOME)
        with pytest.raises(ProfileError):
            resolve_target(url="nonsense", store=store)


def test_folder_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INSTASELL_CONFIG_DIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_folder().name == "instasell"


def test_keyring_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    asked: list[str] = []
    over = threading.Event()

    def stuck(service: str, entry: str) -> None:
        asked.append(entry)
        over.wait()

    monkeypatch.setattr(keyring, "get_password", stuck)
    vault = KeyringStore(answer_seconds=0.05)
    assert vault.get("home") is None
    assert vault.get("home") is None
    assert asked == ["home"]
    over.set()


def test_keyring_that_fails_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends import fail

    former = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        vault = KeyringStore()
        assert vault.set("home", "secret") is False
        assert vault.get("home") is None
    finally:
        keyring.set_keyring(former)


def test_keyring_that_forgets_at_once_took_nothing() -> None:
    import keyring
    from keyring.backends import null

    former = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())
    try:
        assert KeyringStore().set("home", "secret") is False
    finally:
        keyring.set_keyring(former)


def test_the_port_of_a_server_on_this_machine(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSTASELL_URL", raising=False)
    monkeypatch.delenv("INSTASELL_TOKEN", raising=False)
    monkeypatch.setenv("INSTASELL_PORT", "9000")
    assert resolve_target(store=store).url == "http://127.0.0.1:9000"
    assert resolve_target(url="http://x:1", store=store).url == "http://x:1"
    # A token belongs to the server that gave it.
    store.save(Profile("local", DEFAULT_URL), "secret")
    target = resolve_target(store=store)
    assert (target.url, target.token) == ("http://127.0.0.1:9000", None)
    assert resolve_target("local", store=store).token == "secret"
    monkeypatch.setenv("INSTASELL_PORT", "8780")
    assert resolve_target(store=store).token == "secret"
    # Those who run a server here may still be a customer elsewhere.
    store.save(SHOP, "other")
    monkeypatch.setenv("INSTASELL_PORT", "9000")
    assert resolve_target(store=store).url == SHOP.url
    store.use("local")
    monkeypatch.setenv("INSTASELL_PORT", "0")
    assert resolve_target(store=store).url == DEFAULT_URL
    for wrong in ("x", "65536", "-1", "9000/"):
        monkeypatch.setenv("INSTASELL_PORT", wrong)
        with pytest.raises(ProfileError, match="INSTASELL_PORT"):
            resolve_target(store=store)
