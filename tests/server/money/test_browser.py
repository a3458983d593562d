"""The provider's page, clicked in a browser: the order is paid by what the provider says then."""

from __future__ import annotations

import json

import pytest

from instasell_server.domains.payments.handlers import RETURN_PATH, SERVICE
from tests.server.money.conftest import Bazaar
from tests.support.browser import Tab, browsing, find_browser
from tests.support.servers import RunningServer

pytestmark = [
    pytest.mark.skipif(
        find_browser() is None, reason="no Chromium on the PATH (apt-get install chromium)"
    ),
    pytest.mark.timeout(180),
]

PNG = b"\x89PNG\r\n\x1a\n"


async def page_of(bazaar: Bazaar, server: RunningServer, order_id: str) -> str:
    """The page where the order is paid; its payer comes back to this server."""
    server.app[SERVICE].return_address.url = server.base_url + RETURN_PATH
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    return str(answer.body["checkout_url"])


async def check_looks(tab: Tab) -> None:
    """Nothing sticks out of the page, and its buttons can be hit with a thumb."""
    assert await tab.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    heights = await tab.evaluate(
        "[...document.querySelectorAll('button')].map(b => b.offsetHeight)"
    )
    assert min(heights) >= 44, heights
    assert (await tab.picture()).startswith(PNG)


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_click_on_the_page_pays(
    bazaar: Bazaar, paying_server: RunningServer, width: int
) -> None:
    order_id = await bazaar.order()
    url = await page_of(bazaar, paying_server, order_id)
    async with browsing() as tab:
        await tab.open(url, width=width)
        assert "12.50" in await tab.evaluate("document.body.innerText")
        await check_looks(tab)
        await tab.click("button[value=decline]")
        await tab.wait_for("document.querySelector('[role=alert]')")
        assert "Nothing was paid" in await tab.evaluate("document.body.innerText")
        await check_looks(tab)
        await tab.click("button[value=pay]")
        home = paying_server.base_url + RETURN_PATH
        await tab.wait_for(f"location.href.startsWith({json.dumps(home)})")
        await tab.wait_for("document.readyState == 'complete' && document.body.innerText")
    await bazaar.until_status(order_id, "processing")
    assert bazaar.accounts()["escrow"] == 1250
