"""Proxy variables. No request here goes through a proxy, so a host that one covers is refused."""

from collections.abc import Mapping

from .errors import ProxyError


def refuse_proxy(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> None:
    """Raise ProxyError if a proxy variable covers the host, by the rules of urllib and botocore."""
    variable, url = _read(scheme, environ)
    if url and not _is_excepted(host, port, _read("no", environ)[1]):
        raise ProxyError(f"{variable} covers {host}, and no proxy is used here: add {host} to NO_PROXY")


def _read(kind: str, environ: Mapping[str, str]) -> tuple[str, str]:
    # The lower-case variable counts where there are both.
    variables = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next(((name, environ[name]) for name in variables if name in environ), ("", ""))


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    names = [name.strip().lstrip(".").lower() for name in exceptions.split(",")]
    wanted = (host.lower(), f"{host}:{port}".lower())
    return exceptions == "*" or any(_is_within(each, name) for each in wanted for name in names if name)


def _is_within(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")
