"""The Tab key, asked as the shells ask: through typer's variables, on a real server."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from instasell_cli.completion.candidates import SHOWN_MAX, Candidate, match_candidates, shown
from instasell_cli.completion.parameters import offer_for
from instasell_cli.main import all_entries
from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from tests.cli.conftest import Shell
from tests.support.market import Market

Shells = Callable[[Any], Shell]
Sql = Callable[..., list[tuple[Any, ...]]]
HOSTILE = 'It\'s $(touch pwned) `id` "q" \x1b[31m\u202e:; [/b]\r\n\\'
TITLED = ("auction_id", "listing_id", "order_id", "dispute_id", "alert_id", "user", "conversation")


JSONL = "jsonl\ta JSON record in each line"


async def completed(shell: Shell, kind: str, line: str) -> list[str]:
    """The lines of the answer to a Tab at the end of a line."""
    words = shlex.split(line)
    number = len(words) if line.endswith(" ") else len(words) - 1
    asked = {
        "_INSTASELL_COMPLETE": f"complete_{kind}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(number),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        # A machine that runs many tests at once must not decide what is offered.
        "INSTASELL_COMPLETION_SECONDS": "20",
    }
    done = await replace(shell, extra={**asked, **shell.extra}).run()
    assert (done.code, done.err) == (0, ""), line
    return done.out.splitlines()


async def told_of(person: AsyncInstaSell) -> tuple[str, str]:
    me = await person.auth.me()
    return me.id, f"{me.display_name} {me.email}"


async def test_ids_are_offered_with_their_titles(
    market: Market, shell_of: Shells, shell: Shell, sql: Sql
) -> None:
    owner, other, admin = (
        await market.seller(),
        await market.seller(),
        await market.person(Role.ADMIN),
    )
    watch = await market.auction(owner, title="A steel watch")
    lamp = await market.auction(other, title="A red lamp")
    [(lamp_listing,)] = sql("SELECT listing_id FROM auctions WHERE id = %s", lamp)
    await (await market.bidder()).messages.ask(lamp_listing, "Is it new?")
    [(asked,)] = sql("SELECT id FROM conversations")
    user_id, user = await told_of(owner)
    sql(
        "INSERT INTO categories (name, path, lineage, id) SELECT 'Trains', 'Toys & Games > Trains',"
        " ARRAY[id], id FROM gen_random_uuid() AS id"
    )
    mine, theirs, desk = shell_of(owner), shell_of(other), shell_of(admin)
    cases: tuple[tuple[Shell, str, set[str]], ...] = (
        (shell, "auctions bid ", {f"{watch}\tA steel watch", f"{lamp}\tA red lamp"}),
        (shell, f"auctions show {watch[:9]}", {f"{watch}\tA steel watch"}),
        (shell, "auctions watch 'ste wat'", {f"{watch}\tA steel watch"}),
        (shell, f"auctions watch {lamp} ", {f"{watch}\tA steel watch"}),
        (shell, "auctions show nothing-like-it", set()),
        (shell, "listings show lamp", {f"{lamp_listing}\tA red lamp"}),
        (mine, "auctions cancel ", {f"{watch}\tA steel watch live"}),
        (theirs, "listings delete ", {f"{lamp_listing}\tA red lamp"}),
        (theirs, "messages show lam", {f"{asked}\tA red lamp {await names(other, asked)}"}),
        (mine, "orders show ", set()),
        (shell, "orders show ", set()),
        (desk, f"admin users suspend {user_id[:8]}", {f"{user_id}\t{user}"}),
        (mine, "admin users suspend ", set()),
        (shell, "listings list --category watch", {"Watches"}),
        (shell, "listings list --category trains", {"Toys & Games > Trains"}),
        (shell, "subscriptions add category watch", {f"{market.category()}\tWatches"}),
        (shell, "auctions live -o j", {"json\tone JSON document", JSONL}),
        (shell, "auctions live --output ya", {"yaml\tYAML, with the fields of JSON"}),
        (shell, "auctions live --fields auction_id,tit", {"auction_id,title"}),
        (shell, "help out", {"output\tthe formats, and what goes where"}),
    )
    found = await asyncio.gather(
        *(completed(each, "fish", f"instasell {line}") for each, line, _ in cases)
    )
    for (_, line, wanted), lines in zip(cases, found, strict=True):
        assert {*lines} == wanted, line
    address = user.rpartition(" ")[2]
    by_address = await completed(desk, "bash", f"instasell admin users role {address[:-3]}")
    assert by_address == [address]


async def names(person: AsyncInstaSell, conversation_id: str) -> str:
    [about] = [each async for each in person.messages.conversations()]
    assert about.id == conversation_id
    return f"{about.buyer_name} {about.seller_name}"


async def test_a_shell_gets_words_and_never_a_program(
    market: Market, shell: Shell, sql: Sql
) -> None:
    auction_id = await market.auction(await market.seller(), title="A clock")
    sql("UPDATE listings SET title = %s", HOSTILE)
    assert await completed(shell, "bash", "instasell auctions bid ") == [auction_id]
    [line] = await completed(shell, "fish", "instasell auctions bid ")
    [program] = await completed(shell, "zsh", "instasell auctions bid ")
    for text in (line, program):
        assert text.replace("\t", "").isprintable()
        assert "\u202e" not in text
    # What stands in the parentheses is one quoted word, however a shell reads it.
    words = shlex.split(program.partition("found=(")[2].partition("); _describe")[0])
    assert words == [f"{auction_id}:{shown(HOSTILE)}"]
    by_title = await completed(shell, "zsh", "instasell auctions bid touch")
    assert by_title == [] or by_title[0].endswith("_describe -V instasell found -U")


async def test_a_silent_server_is_not_waited_for(shell: Shell) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        before = time.monotonic()
        usual = {"INSTASELL_COMPLETION_SECONDS": ""}
        slow = replace(shell, url=f"http://127.0.0.1:{port}", extra=usual)
        assert await completed(slow, "bash", "instasell auctions bid ") == []
        assert time.monotonic() - before < 5
    for broken in ("http://127.0.0.1:9", "no address"):
        assert await completed(replace(shell, url=broken), "zsh", "instasell auctions bid ") == []
    no_such = "instasell auctions bid --profile nobody "
    assert await completed(shell, "fish", no_such) == []


def test_candidates_are_few_and_harmless() -> None:
    many = [Candidate(f"{number:04}", "A watch") for number in range(200)]
    assert len(match_candidates(many, "")) == SHOWN_MAX
    bad = [Candidate(value, "x") for value in ("$(id)", "a b", "-rf", "'", "", "a\n", "*")]
    assert match_candidates(bad, "") == []
    assert match_candidates([Candidate("id1", "A steel watch")], "WA st") == [
        Candidate("id1", "A steel watch")
    ]
    assert match_candidates([Candidate("id1", "A steel watch")], "teel") == []
    assert len(shown("a" * 500)) == 60


def test_whatever_is_an_id_can_be_completed() -> None:
    for entry in all_entries():
        for param in () if entry.is_group else entry.command.params:
            metavar = (param.metavar or "").rstrip(".")
            if param.name in TITLED or metavar in ("ID", "LISTING", "AUCTION", "ORDER", "IMAGE"):
                assert offer_for(entry.path, param.name), f"{entry.path}: {param.name}"


async def test_a_path_of_a_category_is_one_word_in_every_shell(
    market: Market, shell: Shell, sql: Sql
) -> None:
    market.category()
    sql("UPDATE categories SET path = 'Toys & Games > Trains', name = 'Trains'")
    typed = "instasell listings list --category "
    [bash] = await completed(shell, "bash", f"{typed}tra")
    assert bash == r"Toys\ \&\ Games\ \>\ Trains"
    assert shlex.split(bash) == ["Toys & Games > Trains"]
    assert await completed(shell, "bash", f"{typed}Toys\\ \\&") == [bash]
    assert await completed(shell, "fish", f"{typed}Toys") == ["Toys & Games > Trains"]
    [zsh] = await completed(shell, "zsh", f"{typed}Toys")
    assert "'Toys & Games > Trains'" in zsh
    # What a shell or a terminal could be misled by is not offered, however it is quoted.
    for bad in ("a'b", 'a"b', "a$b", "a`b", "a\x1bb", "a\\b", "$(id)", "a\nb", "-rf"):
        assert match_candidates([Candidate(bad, is_text=True)], "") == [], bad


async def test_the_script_of_a_shell_that_is_named(shell: Shell) -> None:
    for name, mark in (
        ("bash", "complete -o"),
        ("zsh", "#compdef instasell"),
        ("fish", "complete "),
    ):
        for words in (("--show-completion", name), (f"--show-completion={name}",)):
            done = await shell.run(*words)
            assert (done.code, mark in done.out, done.err) == (0, True, ""), words
            assert f"complete_{name}" in done.out
    wrong = await shell.run("--show-completion", "tcsh")
    assert (wrong.code, wrong.out) == (2, "")
    assert "zsh" in wrong.err
    installed = await shell.run("--install-completion", "fish")
    assert installed.code == 0
    files = [*shell.home.rglob("*.fish")]
    assert files
    assert "complete_fish" in files[0].read_text()
