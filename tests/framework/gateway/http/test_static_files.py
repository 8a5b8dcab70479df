"""The page's folder is served, and nothing else of the disk."""

from pathlib import Path

import pytest

from signalbox.gateway.http.static_files import StaticFiles

ORIGIN = "ws://127.0.0.1:3001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "page"
    (page / "deep").mkdir(parents=True)
    (page / "index.html").write_text("<h1>hello</h1>")
    (page / "deep" / "app.js").write_text("1")
    (page / "a b.css").write_text("a{}")
    (page / "server.py").write_text("secret")
    (tmp_path / "outside.html").write_text("secret")
    (page / "link.html").symlink_to(tmp_path / "outside.html")
    (page / "circle.html").symlink_to(page / "circle.html")
    return page


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/deep/app.js", "text/javascript; charset=utf-8"),
        ("/deep/../index.html", "text/html; charset=utf-8"),
        ("/a%20b.css", "text/css; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_file_is_served_with_its_type_when_it_belongs_to_the_page(
    folder: Path, method: str, path: str, content_type: str
) -> None:
    response = StaticFiles(folder, ORIGIN).respond(method, path)
    assert response.status == 200
    assert dict(response.headers)["Content-Type"] == content_type


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.html",
        "/%2e%2e/outside.html",
        "/..%2foutside.html",
        "/deep/../../outside.html",
        "/link.html",
        "//etc/passwd",
        "/etc/passwd",
        "/server.py",
        "/deep",
        "/missing.html",
        "/index.html%00.js",
        "/circle.html",
        "/\u00ff%ff.html",
        "/" + "x" * 5_000 + ".html",
        "*",
    ],
)
def test_path_is_forbidden_when_it_is_no_file_of_the_page(folder: Path, path: str) -> None:
    response = StaticFiles(folder, ORIGIN).respond("GET", path)
    assert (response.status, response.body) == (403, b'{"message":"Forbidden"}')


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_method_is_forbidden_when_it_does_not_read(folder: Path, method: str) -> None:
    assert StaticFiles(folder, ORIGIN).respond(method, "/").status == 403


def test_everything_is_forbidden_when_there_is_no_page() -> None:
    assert StaticFiles(None, ORIGIN).respond("GET", "/").status == 403


def test_page_may_load_and_connect_to_its_own_origin_only(folder: Path) -> None:
    policy = dict(StaticFiles(folder, ORIGIN).respond("GET", "/").headers)["Content-Security-Policy"]
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == f"'self' {ORIGIN}"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert "unsafe" not in policy
