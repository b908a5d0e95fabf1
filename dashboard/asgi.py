"""Pages and health checks on one port, as one ASGI application.

Settings of the page server stand in ``.streamlit/config.toml`` beside this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from dashboard.connection import readiness

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def healthz(_request: Request) -> Response:
    """Answer that the process runs."""
    return JSONResponse({"status": "ok"})


async def readyz(_request: Request) -> Response:
    """Answer whether configuration and database can be used, part by part."""
    parts = await run_in_threadpool(readiness)
    ready = all(text == "ok" for text in parts.values())
    return JSONResponse(parts, status_code=200 if ready else 503)


async def decision(request: Request) -> Response:
    """Lead ``/decision?id=…`` to the first page, which is the decision's."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"../{query}")


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/decision", decision),
    ],
)
