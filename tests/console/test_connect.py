import re

from accounts.models import AccessKey
from tests.console.conftest import HTMX, text

PAGE = "/ada/connect/"


def test_a_secret_is_shown_once(ada, at_browser):
    client = at_browser(ada)
    made = text(client.post(f"{PAGE}keys/", headers=HTMX))
    key = AccessKey.objects.get(account=ada)
    assert made.count(key.secret) >= 4
    again = text(client.get(PAGE))
    assert key.secret not in again and key.id in again


def test_every_tool_gets_endpoint_and_key(ada, at_browser, settings):
    client = at_browser(ada)
    client.post(f"{PAGE}keys/")
    page = text(client.get(PAGE))
    for tool in ("AWS CLI", "boto3", "Terraform", "JavaScript"):
        assert tool in page
    assert len(re.findall(re.escape(settings.API_URL), page)) >= 7


def test_a_key_is_switched_off_on_again_and_deleted(ada, at_browser):
    client = at_browser(ada)
    client.post(f"{PAGE}keys/")
    key = AccessKey.objects.get(account=ada)
    for status in ("Inactive", "Active", "Inactive"):
        client.post(f"{PAGE}keys/{key.pk}/", {"status": status})
        key.refresh_from_db()
        assert key.status == status
    client.post(f"{PAGE}keys/{key.pk}/", {"status": "Deleted"})
    assert not AccessKey.objects.filter(account=ada).exists()


def test_a_third_key_is_refused_in_aws_words(ada, at_browser):
    client = at_browser(ada)
    for _ in range(2):
        client.post(f"{PAGE}keys/")
    assert client.post(f"{PAGE}keys/", headers=HTMX).status_code == 409
    assert AccessKey.objects.filter(account=ada).count() == 2


def test_mallory_touches_no_key_of_adas(ada, mallory, at_browser):
    at_browser(ada).post(f"{PAGE}keys/")
    key = AccessKey.objects.get(account=ada)
    client = at_browser(mallory)
    assert client.post(f"{PAGE}keys/{key.pk}/", {"status": "Inactive"}).status_code == 404
    assert client.post(f"/mallory/connect/keys/{key.pk}/", {"status": "Inactive"}).status_code == 404
    key.refresh_from_db()
    assert key.status == "Active"
