"""Run ``verify.html`` in a headless Chromium without a network, many cases on one page.

::

    with open_page(page_file) as page:
        verdicts = verify_cases(page, [Case(bundle, policy, ledger_id), …])

The page is opened from ``file://``; a test fails if it asks for anything else.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import absent

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
TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class Case:
    """One bundle and what is given from outside; `now_s` defaults to the machine's."""

    bundle: bytes
    policy: str
    ledger_id: bytes
    now_s: int | None = None
    max_age_s: int | None = None
    roots: str | None = None


@dataclass(frozen=True)
class BrowserVerdict:
    """What the page answers.

    Attributes:
        exit: 0, 5, 6 or 13.
        verdict: the answer in words.
        steps: dictionaries with number, name, status, detail, place, expected, actual
            and code.
        raised: text of what the page refused to begin with, such as a bad policy.
    """

    exit: int | None
    verdict: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    raised: str | None = None
    answer: dict[str, Any] = field(default_factory=dict)

    def step(self, number: int) -> dict[str, Any]:
        """Return the step with this number."""
        return next(step for step in self.steps if step["number"] == number)


def chromium() -> str:
    """Return the path of a Chromium, or skip."""
    found = os.environ.get("MLLEDGER_CHROMIUM") or shutil.which("chromium")
    if not found or not Path(found).is_file():
        absent("a Chromium (MLLEDGER_CHROMIUM, or chromium on the PATH)")
    return str(found)


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start a Chromium whose pages have no network."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("the package playwright")
    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=chromium(), args=ARGUMENTS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(file: Path, browser: Any | None = None) -> Iterator[Any]:
    """Open the page from a file, offline.

    Attributes of the page that tests read: ``asked``, every address it asked for, and
    ``complaints``, every error it printed (the console shows what the policy forbids).
    """
    if browser is None:
        with open_browser() as started, open_page(file, started) as page:
            yield page
        return
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            page.complaints.append(said.text) if said.type == "error" else None
        ),
    )
    page.goto(file.resolve().as_uri())
    page.wait_for_function("globalThis.mlledger !== undefined")
    try:
        yield page
    finally:
        context.close()


VERIFY = """async (cases) => {
  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const answers = [];
  for (const one of cases) {
    const options = { nowS: one.now_s, maxAgeS: one.max_age_s, roots: one.roots };
    try {
      const bytes = bytesOf(one.bundle);
      answers.push(await mlledger.verify(bytes, one.policy, one.ledger_id, options));
    } catch (error) {
      // Anything else is a defect of the page, and fails the test.
      if (!(error instanceof mlledger.parts.EvidenceError)) throw error;
      answers.push({ exit: null, verdict: "", steps: [], raised: String(error) });
    }
  }
  return answers;
}"""


def verify_cases(page: Any, cases: Sequence[Case]) -> list[BrowserVerdict]:
    """Return the page's verdict on each case, in order."""
    return [_verify(page, case) for case in cases]


def _verify(page: Any, case: Case) -> BrowserVerdict:
    given = {
        "bundle": b64encode(case.bundle).decode("ascii"),
        "policy": case.policy,
        "ledger_id": case.ledger_id.hex(),
        "now_s": case.now_s,
        "max_age_s": case.max_age_s,
        "roots": case.roots,
    }
    (answer,) = page.evaluate(VERIFY, [given])
    return BrowserVerdict(
        exit=answer["exit"],
        verdict=answer["verdict"],
        steps=answer["steps"],
        raised=answer.get("raised"),
        answer=answer,
    )


RUN_MANY = """async ([source, cases]) => {
  const run = eval(source);
  const answers = [];
  for (const one of cases) {
    try {
      answers.push({ value: (await run(one, mlledger.parts)) ?? null, raised: null });
    } catch (error) {
      // Anything else is a defect of the page, and fails the test.
      if (!(error instanceof mlledger.parts.EvidenceError)) throw error;
      answers.push({ value: null, raised: error.constructor.name });
    }
  }
  return answers;
}"""


def run_many(page: Any, source: str, cases: Sequence[Any]) -> list[dict[str, Any]]:
    """Run one JavaScript function over many cases inside the page.

    Args:
        page: an open page.
        source: a function ``(case, parts) => value``, where parts are the page's own.
        cases: JSON values.

    Returns:
        For each case its value, and the class of the refusal or None.
    """
    return page.evaluate(RUN_MANY, [source, list(cases)])
