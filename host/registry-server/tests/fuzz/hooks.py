"""Puts a fresh `Replay-Nonce` into requests that change something, as every client does: without one nothing behind it would be asked."""

import json
import os
import urllib.request

import schemathesis
from schemathesis.core.parameters import ParameterLocation

REGISTRY = os.environ["HAL9_REGISTRY"]
ACCOUNT = os.environ["HAL9_ACCOUNT"]
PASSWORD = os.environ["HAL9_PASSWORD"]
TOKEN = os.environ["HAL9_TOKEN_ID"]


def nonce():
    request = urllib.request.Request(f"{REGISTRY}/v1/nonces", method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["nonce"]


@schemathesis.serializer("application/offset+octet-stream")
def part(context, value):
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.deserializer("application/vnd.hal9.package+zip")
def package(context, response):
    return response.content.decode("latin-1")


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method.upper() not in ("POST", "PUT", "DELETE") or case.path == "/v1/nonces":
        return
    # It finds its own token in the answers, and nothing could be asked without it.
    if case.path == "/v1/tokens/{id}" and case.path_parameters.get("id") == TOKEN:
        case.path_parameters["id"] = "0"
    # Nobody guesses a password.
    body = case.body
    if case.path == "/v1/tokens" and isinstance(body, dict) and isinstance(body.get("credentials"), dict):
        if body["credentials"].get("name") == ACCOUNT or len(str(body)) % 2 == 0:
            body["credentials"] = {"name": ACCOUNT, "password": PASSWORD}
    # Where the header is what is wrong with the request, it stays so.
    if case.meta is not None and case.meta.is_negative_at(ParameterLocation.HEADER):
        return
    headers = case.headers
    if headers is None or "Replay-Nonce" in headers:
        case.headers = {**(headers or {}), "Replay-Nonce": nonce()}
