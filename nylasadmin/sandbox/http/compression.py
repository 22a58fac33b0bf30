"""Answers are compressed for clients that ask for it, quickly rather than well, and not if they are tiny."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

_SMALLEST = 200
_FASTEST = 1


def install(app: Flask) -> None:
    """Compress the answers of an app."""

    @app.after_request
    def compress(answer: Response) -> Response:
        # A look at the text first: most clients that are in a hurry do not ask at all.
        if "gzip" not in request.headers.get("Accept-Encoding", "") or not request.accept_encodings["gzip"]:
            return answer
        body = answer.get_data()
        if len(body) > _SMALLEST:
            answer.set_data(gzip.compress(body, _FASTEST, mtime=0))
            answer.headers["Content-Encoding"] = "gzip"
            answer.vary.add("Accept-Encoding")
        return answer
