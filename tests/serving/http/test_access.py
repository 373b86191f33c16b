"""Keys, other origins, security headers, slow clients, and titles that are code."""

import hmac
import socket
import time

import pytest

from benchmarks.shared.toy_export import export_toy
from tests.serving.http.http_server import Small, running, small
from tfrs_lab.serving.http.access import Access, read_key
from tfrs_lab.serving.http.settings import ServerSettings

KEY = "0123456789abcdef0123"
SITE = "https://example.org"
PREDICT = {"instances": [{"user_id": "1", "k": 1}]}


@pytest.fixture(scope="module")
def guarded(exports):
    with running({"recs": exports / "good"}, ServerSettings(), access=Access(KEY, (SITE,))) as started:
        yield started


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(
            ("GET", "/api/models"),
            ("GET", "/metrics"),
            ("GET", "/monitoring/prometheus/metrics"),
            ("GET", "/v1/models/recs"),
        ),
        *(
            ("POST", "/v1/models/recs:predict"),
            ("GET", "/V1/models/recs"),
            ("GET", "/api/../api/models"),
            ("GET", "/nowhere"),
        ),
    ],
)
def test_without_the_key_nothing_is_told(guarded, method, path):
    for headers in ({}, {"x-api-key": KEY[:-1]}, {"authorization": f"Basic {KEY}"}, {"x-api-key": KEY + "x"}):
        answer = guarded.client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    "headers", [{"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer {KEY}"}]
)
def test_with_the_key_everything_is(guarded, headers):
    assert guarded.client.get("/api/models", headers=headers).status_code == 200
    assert guarded.client.post("/v1/models/recs:predict", json=PREDICT, headers=headers).status_code == 200


def test_keys_are_compared_in_constant_time(guarded, monkeypatch):
    compared = []
    monkeypatch.setattr(hmac, "compare_digest", lambda given, key: compared.append((given, key)) or True)
    assert guarded.client.get("/api/models", headers={"x-api-key": "another"}).status_code == 200
    assert compared == [(b"another", KEY.encode())]


@pytest.mark.parametrize("path", ["/", "/health", "/docs", "/openapi.json", "/static/explorer.js"])
def test_what_tells_nothing_is_open(guarded, path):
    assert guarded.client.get(path).status_code == 200


def test_the_key_comes_from_a_file_or_a_variable(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    assert read_key(file, {}) == KEY
    assert read_key(None, {"RECS_API_KEY": KEY}) == KEY
    assert read_key(None, {}) is None
    with pytest.raises(ValueError, match="expected one of them, got both"):
        read_key(file, {"RECS_API_KEY": KEY})
    for bad in ("", "short", "with spaces in between", "ключ" * 8):
        with pytest.raises(ValueError, match="at least 16 printable ASCII characters"):
            read_key(None, {"RECS_API_KEY": bad})
    assert KEY not in repr(Access(KEY))


def test_other_origins_may_ask_only_if_they_are_named(server, guarded):
    asking = {"origin": SITE, "access-control-request-method": "POST"}
    assert not [name for name in server.client.get("/api/models", headers=asking).headers if "access-control" in name]
    assert not [
        name for name in server.client.options("/api/recommend", headers=asking).headers if "access-control" in name
    ]
    allowed = guarded.client.options("/api/recommend", headers=asking)
    assert allowed.headers["access-control-allow-origin"] == SITE
    other = guarded.client.options("/api/recommend", headers=asking | {"origin": "https://evil.org"})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/health", "/api/models", "/v1/models/recs", "/nowhere", "/static/explorer.js"]
)
def test_every_answer_has_the_headers(server, path):
    headers = server.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"] or path == "/docs"
    assert headers.get("cache-control") == "no-store" or not path.startswith(("/api", "/v1"))
    assert "server" not in headers


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("POST", "/api/recommend", {}, 401),
        ("DELETE", "/health", {}, 405),
        ("POST", "/api/recommend", {"content": b" " * 30_000_000}, 413),
        ("POST", "/api/recommend", {"content": b"{"}, 400),
    ],
)
def test_a_refusal_has_the_headers_too(guarded, method, path, sent, status):
    headers = {"x-api-key": KEY} if status in (400, 413) else {}
    answer = guarded.client.request(method, path, headers=headers, **sent)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def closed_after(connection):
    started = time.monotonic()
    connection.settimeout(10)
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return time.monotonic() - started, answer


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n", b""),
        (b"POST /api/recommend HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{", b"408"),
        (
            b"POST /v1/models/recs:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{",
            b"408",
        ),
    ],
)
def test_a_client_that_does_not_go_on_is_let_go(exports, sent, answer):
    with running({"recs": exports / "good"}, ServerSettings(request_seconds=0.5)) as started:
        with socket.create_connection(("127.0.0.1", started.port)) as connection:
            connection.sendall(sent)
            seconds, came = closed_after(connection)
        assert 0.3 < seconds < 8
        assert came.startswith(b"HTTP/1.1 " + answer) if answer else came == b""
        assert started.client.get("/health").status_code == 200


class Hostile(Small):
    """Titles, genres and ids that would do something if they were read as HTML."""

    @property
    def movie_ids(self):
        return ["<img src=x onerror=alert(1)>", "172", "181", "258", "100", "56"]

    @property
    def catalogue(self):
        from dataclasses import replace

        plain = super().catalogue
        title = "<script>window.hit=1</script><img src=x onerror='window.hit=1'> (1990)"
        movies = {
            key: replace(movie, movie_title=title, movie_genres=("<b>G</b>",)) for key, movie in plain.movies.items()
        }
        return replace(plain, movies=movies)


@pytest.mark.slow
def test_a_movie_called_script_is_shown_and_not_run(browser, tmp_path):
    plain = small()
    export_toy(Hostile(plain.users, plain.movies, plain.seen), tmp_path / "1")
    with running({"recs": tmp_path}, ServerSettings()) as started:
        page = browser.new_page(base_url=started.url)
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.goto("/?user=1")
        page.locator(".column li h3").first.wait_for()
        assert "<script>window.hit=1</script>" in page.locator(".column li h3").first.inner_text()
        assert page.evaluate("window.hit") is None
        assert page.locator(".column script, .column img").count() == 0
        page.close()


def test_hostile_titles_are_plain_json(tmp_path):
    plain = small()
    export_toy(Hostile(plain.users, plain.movies, plain.seen), tmp_path / "1")
    with running({"recs": tmp_path}, ServerSettings()) as started:
        answer = started.client.get("/api/recommend", params={"user_id": "1", "k": 1})
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["recommendations"][0]["movie_title"].startswith("<script>")
