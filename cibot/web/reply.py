"""What every answer that may be kept has: an ETag, 304, Cache-Control, gzip."""

from __future__ import annotations

import gzip
import hashlib

from flask import Response, request

_WORTH_PACKING = 1024  # bytes; below it the header eats the gain
_FAST = 5  # gzip's level: beyond it time grows and size does not shrink


def reply(body: bytes, mimetype: str, *, max_age: int) -> Response:
    """``body`` with what a cache needs; 304 where the asker has it already.

    ``max_age`` is seconds that it may be shown without asking again.
    """
    response = Response(body, mimetype=mimetype)
    response.set_etag(hashlib.blake2b(body, digest_size=12).hexdigest(), weak=True)
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    response.vary.add("Accept-Encoding")
    response.make_conditional(request)
    if response.status_code == 200:
        _pack(response, body)
    return response


def _pack(response: Response, body: bytes) -> None:
    if len(body) < _WORTH_PACKING or not request.accept_encodings["gzip"]:
        return
    response.set_data(gzip.compress(body, _FAST, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
