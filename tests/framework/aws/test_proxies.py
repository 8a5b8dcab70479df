import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.aws.errors import EndpointError, ProxyError
from signalbox.aws.proxies import refuse_proxy

urllib_request: Any = urllib.request
HOST = "dynamodb.eu-west-1.amazonaws.com"


def is_refused(scheme: str, host: str, port: int, environ: dict[str, str]) -> bool:
    try:
        refuse_proxy(scheme, host, port, environ)
    except ProxyError:
        return True
    return False


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_error_names_variable_and_no_proxy_when_a_proxy_covers_the_host(variable: str) -> None:
    with pytest.raises(EndpointError) as refused:
        refuse_proxy("https", HOST, 443, {variable: "http://user:canary@proxy:3128"})

    assert variable in str(refused.value)
    assert "NO_PROXY" in str(refused.value)
    assert "canary" not in str(refused.value)


NAMES = st.sampled_from(
    [
        "",
        "*",
        HOST,
        HOST.upper(),
        "amazonaws.com",
        ".amazonaws.com",
        "naws.com",
        "localhost",
        f"{HOST}:443",
        f"{HOST}:80",
    ]
)
VALUES = st.sampled_from(["", "http://proxy:3128"])


@given(
    values=st.dictionaries(
        st.sampled_from(["https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "http_proxy"]), VALUES
    ),
    exceptions=st.dictionaries(
        st.sampled_from(["no_proxy", "NO_PROXY"]), st.lists(NAMES, max_size=3).map(", ".join)
    ),
)
def test_host_is_covered_when_urllib_would_use_a_proxy(
    values: dict[str, str], exceptions: dict[str, str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
            patch.delenv(name, raising=False)
        for name, value in {**values, **exceptions}.items():
            patch.setenv(name, value)
        proxies = urllib_request.getproxies_environment()
        covered = "https" in proxies and not urllib_request.proxy_bypass_environment(f"{HOST}:443", proxies)

    assert is_refused("https", HOST, 443, {**values, **exceptions}) == covered
