"""Takes the picture of the screen in a browser; needs a Chromium.

python -m scripts.web_picture [docs/pictures/web.png]
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.support.browser import Tab, browsing, find_browser

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT = 1000, 630
KEY_SECONDS, LOOK_SECONDS = 0.2, 12.0
COLOURS = 64


async def draw(tab: Tab, link: str) -> bytes:
    """Draw the auction that the recording of the examples shows, near its end."""
    await tab.call("Page.enable")
    await tab.call(
        "Emulation.setDeviceMetricsOverride",
        width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    await tab.call("Page.navigate", url=link)
    await tab.wait_for("document.body && document.body.classList.contains('-first-byte')")
    await asyncio.sleep(LOOK_SECONDS / 4)
    for key in (*"/range", "Enter", "Enter"):
        await tab.press(key)
        await asyncio.sleep(KEY_SECONDS)
    await asyncio.sleep(LOOK_SECONDS)
    return await tab.picture()


async def make(path: Path) -> None:
    """Serve a replay to a browser, and write what it shows."""
    if find_browser() is None:
        raise SystemExit("no Chromium on the PATH (apt-get install chromium)")
    with tempfile.TemporaryDirectory() as folder:
        replay = f"--replay={ROOT / 'examples' / 'board.jsonl'}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "instasell_tui", "--web", replay,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "INSTASELL_CONFIG_DIR": folder, "TZ": "UTC"},
        )  # fmt: skip
        assert process.stderr is not None
        await process.stderr.readline()
        link = (await process.stderr.readline()).decode().strip()
        try:
            async with browsing() as tab:
                picture = await draw(tab, link)
        finally:
            process.terminate()
            await process.wait()
    Image.open(io.BytesIO(picture)).quantize(COLOURS).save(path, optimize=True)
    print(path, path.stat().st_size)


def main() -> None:
    """Write to the file of the first argument, that of the documents by default."""
    asyncio.run(make(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/web.png")))


if __name__ == "__main__":
    main()
