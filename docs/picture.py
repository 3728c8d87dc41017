"""Makes docs/demo.png: the demo's screen in the middle of its morning, as it is drawn live.

Run from the top of the tree as ``.venv/bin/python docs/picture.py``. Needs Chromium, and fonts with
Chinese characters and box drawing: apt install chromium fonts-noto-cjk fonts-dejavu-core.
"""

import re
import subprocess
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console

from agent.demo.house import House
from agent.demo.morning import Morning
from agent.demo.picture import Picture
from agent.demo.screen import draw
from agent.demo.stage import Stage
from agent.demo.terminal import Keys

TARGET = Path(__file__).with_name("demo.png")
COLUMNS, ROWS = 96, 25
FONTS = "'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace"
CHROMIUM = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Camera:
    """A view that keeps the picture with two cars at a lane that is open."""

    def __init__(self) -> None:
        self.best: Picture | None = None

    def show(self, picture: Picture) -> None:
        """Keep it if it tells more than the last one."""
        busy = any(len(lane.cars) > 1 and lane.position == "open" for lane in picture.lanes)
        if self.best is None or (busy and picture.caption.startswith("Two cars")):
            self.best = picture


def take() -> Picture:
    """Play the morning and give its best moment."""
    camera, house = Camera(), House()
    try:
        house.start(print)
        stage = Stage(house, camera, Keys())
        try:
            Morning(stage).play()
        finally:
            stage.seen.close()
    finally:
        house.stop()
    if camera.best is None:
        raise SystemExit("the demo showed nothing")
    return camera.best


def develop(picture: Picture) -> None:
    """Draw it as the terminal does, and let Chromium make a PNG of it."""
    console = Console(record=True, width=COLUMNS, height=ROWS, file=StringIO(), force_terminal=True)
    console.print(draw(picture, ROWS))
    svg = console.export_svg(title="make demo", font_aspect_ratio=0.6)
    svg = re.sub(r"@font-face \{.*?\}\s*(?=@|\.)", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*;", f"font-family: {FONTS};", svg)
    width, height = (
        round(float(size)) for size in re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0]
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f"<body style='margin:0'>{svg}</body>", "utf-8")
        command = [*CHROMIUM, f"--user-data-dir={folder}/profile", f"--screenshot={TARGET}"]
        subprocess.run(
            [*command, f"--window-size={width},{height}", page.as_uri()],
            check=True,
            capture_output=True,
            timeout=60,
        )
    print(f"{TARGET}: {TARGET.stat().st_size // 1024} KB")


if __name__ == "__main__":
    develop(take())
