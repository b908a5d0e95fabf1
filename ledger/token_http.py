"""RFC 3161 over HTTP: one query, one answer, with nothing but the standard library."""

from __future__ import annotations

from ledger.errors import ConfigurationError, TimeAuthorityError

MAX_TOKEN = 1 << 20
_HINT = "nothing is lost; it is asked again"


def post_query(url: str, query: bytes, *, timeout_s: float) -> bytes:
    """Send a TimeStampReq and return what comes back, cut off beyond a megabyte.

    Args:
        url: address of the authority, ``http:`` or ``https:``.
        query: DER of the request.
        timeout_s: how long to wait for an answer, seconds.

    Raises:
        TimeAuthorityError: nobody answers, or not with a token.
        ConfigurationError: ``url`` is no such address.

    Source: RFC 3161, section 3.4.
    """
    # Only who asks an authority pays for what HTTP takes to import.
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"{url!r}: not the address of a time authority", hint="[time] tsa"
        )
    headers = {"Content-Type": "application/timestamp-query"}
    request = Request(url, data=query, headers=headers, method="POST")  # noqa: S310
    try:
        with urlopen(request, timeout=timeout_s) as answer:  # noqa: S310  checked above
            return bytes(answer.read(MAX_TOKEN + 1))
    except HTTPError as error:
        error.close()  # it holds the connection
        raise TimeAuthorityError(f"{url}: {error}", hint=_HINT) from error
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise TimeAuthorityError(f"{url}: {error}", hint=_HINT) from error
