"""Who may be told what."""

from __future__ import annotations

import pytest

from semsearch.errors import UsageError
from semsearch.llm.guard.providers import check_allowed, host_of, is_local
from semsearch.settings import LlmSettings


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080/v1", "http://127.0.0.1/v1", "http://[::1]:80/v1", "http://10.1.2.3", "http://192.168.0.4:1/v1",
     "http://models.localhost/v1", "http://LOCALHOST./v1", "http://[::ffff:127.0.0.1]/v1", "http://[fd00::1]/"],
)  # fmt: skip
def test_local_endpoints(url):
    assert is_local(host_of(url))
    check_allowed("chat", url, ("local",))


@pytest.mark.parametrize(
    "url",
    ["", "https://api.openai.com/v1", "http://localhost@evil.com/v1", "http://localhost.evil.com", "http://8.8.8.8/v1",
     "http://127.0.0.1.evil.com/", "http://evil.com/localhost", "http://[2001:4860:4860::8888]/v1", "http://2130706433/"],
)  # fmt: skip
def test_others_are_not_local(url):
    with pytest.raises(UsageError, match="namespace 'chat' may go to local") as raised:
        check_allowed("chat", url, ("local",))
    assert "Next:" in str(raised.value)


def test_named_hosts_and_any():
    check_allowed("listing", "https://API.openai.com/v1", ("api.openai.com",))
    check_allowed("listing", "", ("API.OPENAI.COM",))
    check_allowed("listing", "https://anything.example", ("any",))
    with pytest.raises(UsageError, match=r"not to other\.example"):
        check_allowed("listing", "https://other.example/v1", ("api.openai.com", "local"))
    with pytest.raises(UsageError, match="may go to no host"):
        check_allowed("listing", "http://localhost", ())


def test_chats_stay_at_home_unless_somebody_says_so():
    with pytest.raises(UsageError):
        check_allowed("chat", "", LlmSettings().allowed("chat"))
    check_allowed("listing", "", LlmSettings().allowed("listing"))
    check_allowed("chat", "", LlmSettings(allow={"chat": ("api.openai.com",)}).allowed("chat"))


@pytest.mark.parametrize("url", ["localhost:8080/v1", "nonsense", "http://", "http://[::1"])
def test_an_address_without_a_host_is_refused(url):
    with pytest.raises(UsageError, match="no address of an endpoint"):
        host_of(url)
