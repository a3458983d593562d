"""Choose the server and the account: profiles in TOML, tokens in the keyring or a private file.

The folder is INSTASELL_CONFIG_DIR, or the one that the system has for it. It holds
`profiles.toml`, and `tokens/NAME` (mode 0600 in a folder of 0700) for each token that the keyring
did not take. INSTASELL_URL and INSTASELL_TOKEN win over every profile.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from instasell_client.address import DEFAULT_URL, checked_url
from instasell_client.credential_store import CredentialStore, KeyringStore

DEFAULT_PROFILE = "default"
PROFILES_MAX = 100
FILE_BYTES_MAX = 256 * 1024

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class ProfileError(ValueError):
    """Report a profile that does not exist, or a file that cannot be used, and say what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Hold a server, and the account there. `email` is for showing only."""

    name: str
    url: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class ServerTarget:
    """Hold where to send calls, and the token. `profile` is None when the environment decides."""

    url: str
    token: str | None
    profile: Profile | None = None


class ProfileStore:
    """Hold the profiles of a person on this machine.

    `keyring` keeps the tokens where it can; by default the system's, asked for 3 s at most.
    Raises ProfileError for names and files that cannot be used.
    """

    def __init__(self, folder: Path | None = None, keyring: CredentialStore | None = None) -> None:
        self.folder = folder or config_folder()
        self._keyring = keyring or KeyringStore()

    @property
    def path(self) -> Path:
        """Return the file of the profiles."""
        return self.folder / "profiles.toml"

    def list(self) -> Mapping[str, Profile]:
        """Return every profile by its name.

        Returns:
            A mapping of names to Profile.

        Raises:
            ProfileError for a file that cannot be read.

        Example:
            urls = [profile.url for profile in ProfileStore().list().values()]
        """
        return self._read()[1]

    def current_name(self) -> str:
        """Return the name of the profile that is used where none is named.

        Returns:
            A name; a profile of this name need not exist.

        Raises:
            ProfileError for a file that cannot be read.

        Example:
            name = ProfileStore().current_name()
        """
        return self._read()[0]

    def find(self, name: str | None = None) -> Profile | None:
        """Find a profile.

        Args:
            name: Name of the profile; the current one by default.

        Returns:
            Profile, or None if it does not exist.

        Raises:
            ProfileError for a file that cannot be read.

        Example:
            profile = ProfileStore().find("work")
        """
        current, profiles = self._read()
        return profiles.get(name or current)

    def token(self, profile: Profile) -> str | None:
        """Return the token of a profile.

        Args:
            profile: A profile of this store.

        Returns:
            The token, or None when nobody is signed in with the profile.

        Raises:
            ProfileError for a file that cannot be read.

        Example:
            client = InstaSell(profile.url, store.token(profile))
        """
        kept_token = _read_private(self._token_path(profile.name))
        return kept_token or self._keyring.get(self._entry(profile))

    def save(self, profile: Profile, token: str | None) -> None:
        """Write a profile and its token, and make it the current one.

        Args:
            profile: The profile; one of the same name is replaced.
            token: The token to keep, or None to forget the present one.

        Raises:
            ProfileError for a bad name, or for more profiles than fit.

        Example:
            store.save(Profile("work", "https://market.example"), token)
        """
        _check_name(profile.name)
        profile = replace(profile, url=checked_url(profile.url))
        _, profiles = self._read()
        previous = profiles.get(profile.name)
        if previous is not None and previous != profile:
            self._forget_token(previous)
        profiles[profile.name] = profile
        if len(profiles) > PROFILES_MAX:
            raise ProfileError(f"there are {PROFILES_MAX} profiles; remove one first")
        self._write(profile.name, profiles)
        if token is None:
            self._forget_token(profile)
        else:
            self._keep_token(profile, token)

    def use(self, name: str) -> Profile:
        """Make a profile the current one.

        Args:
            name: Name of the profile.

        Returns:
            Profile.

        Raises:
            ProfileError if it does not exist.

        Example:
            store.use("work")
        """
        _, profiles = self._read()
        if name not in profiles:
            raise _missing(name, profiles)
        self._write(name, profiles)
        return profiles[name]

    def forget_token(self, name: str) -> None:
        """Sign a profile out on this machine; the profile stays.

        Args:
            name: Name of the profile; one that does not exist is no error.

        Raises:
            ProfileError for a file that cannot be read.

        Example:
            store.forget_token("work")
        """
        profile = self.find(name)
        if profile is not None:
            self._forget_token(profile)

    def remove(self, name: str) -> None:
        """Remove a profile and its token.

        Args:
            name: Name of the profile.

        Raises:
            ProfileError if it does not exist.

        Example:
            store.remove("work")
        """
        current, profiles = self._read()
        profile = profiles.pop(name, None)
        if profile is None:
            raise _missing(name, profiles)
        self._forget_token(profile)
        self._write(DEFAULT_PROFILE if name == current else current, profiles)

    def _keep_token(self, profile: Profile, token: str) -> None:
        path = self._token_path(profile.name)
        if self._keyring.set(self._entry(profile), token):
            path.unlink(missing_ok=True)
        else:
            _write_private(path, token)
            # The folder of the configuration may be a user's home; this one is only ours.
            path.parent.chmod(0o700)

    def _forget_token(self, profile: Profile) -> None:
        self._token_path(profile.name).unlink(missing_ok=True)
        self._keyring.delete(self._entry(profile))

    def _token_path(self, name: str) -> Path:
        _check_name(name)
        return self.folder / "tokens" / name

    def _entry(self, profile: Profile) -> str:
        """Return a name in the keyring; each folder of a configuration has entries of its own."""
        own = "" if "INSTASELL_CONFIG_DIR" not in os.environ else f" in {self.folder}"
        return f"{profile.name} at {profile.url}{own}"

    def _read(self) -> tuple[str, dict[str, Profile]]:
        try:
            text = self.path.read_text(encoding="utf-8")
            if len(text) > FILE_BYTES_MAX:
                raise ProfileError(f"{self.path} is too large for a file of profiles; remove it")
            return _parse(text)
        except FileNotFoundError:
            return DEFAULT_PROFILE, {}
        except (OSError, ValueError) as error:
            raise ProfileError(f"{self.path} cannot be used: {error}") from error

    def _write(self, current: str, profiles: Mapping[str, Profile]) -> None:
        lines = [f"current = {_quoted(current)}"]
        for profile in profiles.values():
            lines += ["", f"[profiles.{profile.name}]", f"url = {_quoted(profile.url)}"]
            if profile.email is not None:
                lines.append(f"email = {_quoted(profile.email)}")
        _write_private(self.path, "\n".join(lines) + "\n")


def resolve_target(
    profile: str | None = None, url: str | None = None, *, store: ProfileStore | None = None
) -> ServerTarget:
    """Find where to send calls: the arguments, the environment, the profile, the default.

    A profile's token goes to that profile's server only: with another `url` there is no token
    unless INSTASELL_TOKEN has one. Raises ProfileError for a named profile that does not exist.
    """
    store = store or ProfileStore()
    token = os.environ.get("INSTASELL_TOKEN") or None
    wanted = url or os.environ.get("INSTASELL_URL") or None
    if wanted is None and profile is None:
        wanted = _local_url(store)
    if wanted is not None and token is not None and profile is None:
        return ServerTarget(_address(wanted), token)
    chosen = store.find(profile)
    if chosen is None:
        if profile is not None:
            raise _missing(profile, store.list())
        return ServerTarget(_address(wanted or DEFAULT_URL), token)
    if wanted is not None and _address(wanted) != chosen.url:
        return ServerTarget(_address(wanted), token)
    return ServerTarget(chosen.url, token or store.token(chosen), chosen)


def _local_url(store: ProfileStore) -> str | None:
    """Return the server on this machine at INSTASELL_PORT, which the server reads, too.

    A profile for any other address is meant to be used, whatever listens here. Raises ProfileError
    for what is no port; 0 stands for any free one, so that nothing is known of it.
    """
    port = os.environ.get("INSTASELL_PORT")
    if not port or port == "0":
        return None
    current = store.find()
    if current is not None and current.url != DEFAULT_URL:
        return None
    if re.fullmatch("[0-9]{1,5}", port) is None or int(port) > 65535:
        raise ProfileError(f"INSTASELL_PORT: {port!r} is not a port; give 1 to 65535")
    return DEFAULT_URL.rpartition(":")[0] + f":{int(port)}"


def config_folder() -> Path:
    """Return the folder of the configuration, which need not exist."""
    named = os.environ.get("INSTASELL_CONFIG_DIR")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("instasell", appauthor=False))


def _address(url: str) -> str:
    try:
        return checked_url(url)
    except ValueError as error:
        raise ProfileError(str(error)) from error


def _parse(text: str) -> tuple[str, dict[str, Profile]]:
    content = tomllib.loads(text)
    profiles: dict[str, Profile] = {}
    for name, values in content.get("profiles", {}).items():
        _check_name(name)
        if not isinstance(values, dict) or not isinstance(values.get("url"), str):
            raise ProfileError(f"profile {name!r} has no url; add one")
        email = values.get("email")
        shown_email = email if isinstance(email, str) else None
        profiles[name] = Profile(name, checked_url(values["url"]), shown_email)
    current = content.get("current", DEFAULT_PROFILE)
    return (current if isinstance(current, str) else DEFAULT_PROFILE), profiles


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise ProfileError(f"{name!r} is not a name for a profile; use letters, digits, - and _")


def _missing(name: str, profiles: Mapping[str, Profile]) -> ProfileError:
    names = ", ".join(sorted(profiles)) or "none"
    return ProfileError(f"there is no profile {name!r}; there are: {names}")


def _quoted(text: str) -> str:
    """Return a TOML basic string: JSON's, with DEL escaped, which only TOML asks for."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_private(path: Path) -> str | None:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            # Its mode was loosened; it must not stay readable for others.
            path.chmod(0o600)
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path} cannot be read: {error}") from error


def _write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, whole or not at all; a folder that is missing gets 0700."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
