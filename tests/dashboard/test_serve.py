"""``mlledger serve`` in a real browser: a decision is opened and verified."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import absent
from tests.dashboard.conftest import World

pytestmark = [pytest.mark.postgres]
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_S = 120


@pytest.fixture(scope="module")
def address(filled: World) -> Iterator[str]:
    """Address of the dashboard of a filled ledger, in a process of its own."""
    config = filled.made.ledger.config
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ledger", "serve", "--port", str(port)]
    surroundings = {
        **os.environ,
        "MLLEDGER_HOME": str(config.home),
        "MLLEDGER_PG__DSN": config.database.dsn,
    }
    with subprocess.Popen(command, env=surroundings) as process:
        base = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{base}/healthz", process)
            yield base
        finally:
            process.terminate()
            process.wait(60)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, "the server has ended"
        try:
            fetch(url)
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"{url} does not answer")


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def chromium() -> str:
    found = os.environ.get("MLLEDGER_CHROMIUM") or shutil.which("chromium")
    if not found or not Path(found).is_file():
        absent("a Chromium (MLLEDGER_CHROMIUM, or chromium on the PATH)")
    return str(found)


def open_first_row(page: Any) -> None:
    """Click the box of the first row; the table is one drawing, without elements.

    Nobody says when it is drawn: a click that came too early is repeated.
    """
    from playwright.sync_api import TimeoutError as Late

    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for()
    opened = page.get_by_text("Not checked against the log.")
    for seconds in (15, 30, 60):
        page.wait_for_timeout(1_500)
        box = table.bounding_box()
        page.mouse.click(box["x"] + 17, box["y"] + 52)
        with suppress(Late):
            opened.wait_for(timeout=seconds * 1_000)
            return
    pytest.fail("the row that was clicked is not opened")


def driver() -> Any:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("the package playwright")
    return sync_playwright()


def test_health_and_readiness_are_told_apart(address: str):
    assert json.loads(fetch(f"{address}/healthz")) == {"status": "ok"}
    parts = json.loads(fetch(f"{address}/readyz"))
    assert parts == {"configuration": "ok", "database": "ok"}


@pytest.mark.browser
def test_a_decision_is_opened_verified_and_the_log_checked(
    address: str, filled: World, tmp_path: Path
):
    asked: list[str] = []
    with driver() as engine:
        browser = engine.chromium.launch(
            executable_path=chromium(), args=ARGUMENTS, chromium_sandbox=False
        )
        page = browser.new_page()
        page.set_default_timeout(90_000)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/")
        page.get_by_text("Latest decisions").wait_for()
        box = page.locator("input[aria-label='Find by id']")
        box.fill(filled.decision)
        box.press("Enter")
        page.get_by_text("Not checked against the log.").wait_for()
        assert f"id={filled.decision}" in page.url
        page.goto(f"{address}/")
        open_first_row(page)
        page.goto(f"{address}/decision?id={filled.decision}")
        page.get_by_role("button", name="Verify now").click()
        page.get_by_text("links verified against the log").wait_for()
        page.get_by_text("✔ verified").first.wait_for()
        page.get_by_text("0 witnesses, 0 outside the operator").first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download evidence (JSON)").click()
        download.value.save_as(tmp_path / "record.json")
        page.get_by_role("link", name="Integrity").click()
        page.get_by_role("button", name="Check the whole log now").click()
        page.get_by_text("checks hold").wait_for()
        browser.close()
    record = json.loads((tmp_path / "record.json").read_bytes())
    assert record["verification"].startswith("Matches the log to")
    outside = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not outside
    filled.made.seal_and_project()
    with filled.made.connection() as connection:
        taken = connection.execute(
            "SELECT kind, channel, decision_id::text FROM governance.access"
        ).fetchall()
    assert taken == [("report", "dashboard", record["subject"])]
