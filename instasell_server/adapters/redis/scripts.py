"""Every Lua script that the server sends. Each touches exactly one key, for Redis Cluster."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Script(NamedTuple):
    """Hold a script and the digest by which Redis knows it."""

    source: bytes
    digest: bytes


def _script(source: str) -> Script:
    text = source.strip().encode()
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


FREE_OWN_LOCK = _script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
""")
"""ARGV: the holder's token. Frees the lock only if it is the holder's still."""

PUT_NEWER = _script("""
local kept = redis.pcall('GET', KEYS[1])
local version = type(kept) == 'string' and string.match(kept, '^[=~](%d+):')
if version and tonumber(version) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], '=' .. ARGV[1] .. ':' .. ARGV[2], 'EX', ARGV[3])
return 1
""")
"""ARGV: version, value, seconds. An entry is `=version:value`; garbage counts as none."""

RETIRE = _script("""
local kept = redis.pcall('GET', KEYS[1])
local version = type(kept) == 'string' and string.match(kept, '^[=~](%d+):')
if version and tonumber(version) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], '~' .. ARGV[1] .. ':', 'EX', ARGV[2])
return 1
""")
"""ARGV: version, seconds. Leaves `~version:`, which reads as absent and keeps older ones out."""

GET_CHANGED = _script("""
local kept = redis.pcall('GET', KEYS[1])
local version = type(kept) == 'string' and string.match(kept, '^=(%d+):')
if version and version == ARGV[1] then return 1 end
return kept
""")
"""ARGV: the version that is known. 1 where the entry has it, else the entry."""

ALL = (FREE_OWN_LOCK, PUT_NEWER, RETIRE, GET_CHANGED)
