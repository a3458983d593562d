"""Each Lua script touches one key, so that a Redis Cluster takes it."""

from __future__ import annotations

import re
from pathlib import Path

from limits.aio.storage.redis.bridge import RedisBridge

from instasell_server.adapters.redis import scripts

PACKAGE = Path(__file__).parent.parent.parent / "instasell_server"
CALL = re.compile(r"redis\.p?call\('\w+',\s*([^,)]+)")


def _touches_one_key(source: str) -> bool:
    keys = set(re.findall(r"KEYS\[(\d+)\]", source))
    return keys == {"1"} and all(found == "KEYS[1]" for found in CALL.findall(source))


def test_every_script_touches_one_key() -> None:
    assert len(scripts.ALL) >= 3
    for script in scripts.ALL:
        assert CALL.search(script.source.decode())
        assert _touches_one_key(script.source.decode())


def test_the_check_sees_a_second_key() -> None:
    assert not _touches_one_key("redis.call('GET', KEYS[1]) redis.call('DEL', KEYS[2])")
    assert not _touches_one_key("redis.call('GET', KEYS[1]) redis.call('DEL', 'other')")


def test_every_script_is_listed() -> None:
    defined = {each for each in vars(scripts).values() if isinstance(each, scripts.Script)}
    assert defined == set(scripts.ALL)


def test_no_other_module_sends_lua() -> None:
    for module in PACKAGE.rglob("*.py"):
        if module.name != "scripts.py":
            assert "redis.call" not in module.read_text(encoding="utf-8"), module


def test_the_script_of_the_limiter_touches_one_key() -> None:
    source = RedisBridge.SCRIPT_INCR_EXPIRE
    text = source.decode() if isinstance(source, bytes) else source
    assert set(re.findall(r"KEYS\[(\d+)\]", text)) == {"1"}
