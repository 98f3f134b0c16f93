from django.test import Client

from accounts.services import create_sign_in_link, create_user
from tests.console.conftest import person, text


def test_looking_at_a_link_does_not_use_it_up(ada):
    token = create_sign_in_link(user=person(ada))
    client = Client()
    for _ in range(3):
        assert client.get(f"/sign-in/{token}/").status_code == 200
    assert client.post(f"/sign-in/{token}/", follow=True).redirect_chain[-1][0] == "/ada/"


def test_a_link_works_once_and_says_so(ada):
    token = create_sign_in_link(user=person(ada))
    Client().post(f"/sign-in/{token}/")
    again = Client().post(f"/sign-in/{token}/")
    assert again.status_code == 403
    assert "This link no longer works" in text(again)


def test_a_second_press_of_the_button_takes_a_signed_in_person_home(ada):
    token, client = create_sign_in_link(user=person(ada)), Client()
    client.post(f"/sign-in/{token}/")
    assert client.post(f"/sign-in/{token}/", follow=True).redirect_chain[-1][0] == "/ada/"


def test_user_and_password(ada):
    create_user(account=ada, username="ada", password="a long one")
    client = Client()
    wrong = client.post("/login/", {"username": "ada", "password": "another"})
    assert wrong.status_code == 422
    assert "do not match" in text(wrong)
    right = client.post("/login/", {"username": "ada", "password": "a long one", "next": "/ada/connect/"})
    assert (right.status_code, right.url) == (302, "/ada/connect/")


def test_the_way_back_never_leaves_this_host(ada):
    create_user(account=ada, username="ada", password="a long one")
    answer = Client().post("/login/", {"username": "ada", "password": "a long one", "next": "https://elsewhere.test/"})
    assert answer.url == "/"


def test_somebody_who_is_not_signed_in_is_sent_to_the_login_and_back(ada):
    assert Client().get("/ada/connect/").url == "/login/?next=%2Fada%2Fconnect%2F"
    asked_by_htmx = Client().get("/ada/", headers={"HX-Request": "true"})
    assert asked_by_htmx.headers["HX-Redirect"].startswith("/login/")


def test_signing_out(ada, at_browser):
    client = at_browser(ada)
    client.post("/logout/")
    assert client.get("/ada/").status_code == 302


def test_a_person_without_an_account_is_told(db):
    client = Client()
    client.force_login(person(None, "new"))
    assert "No account yet" in text(client.get("/"))


def test_language_and_theme_come_back_with_the_person(ada, at_browser):
    client = at_browser(ada)
    client.post("/i18n/setlang/", {"language": "fr"}, headers={"Referer": "http://testserver/ada/"})
    client.post("/theme/", {"theme": "dark"})
    token = create_sign_in_link(user=ada.users.get())
    elsewhere = Client()
    elsewhere.post(f"/sign-in/{token}/")
    page = text(elsewhere.get("/ada/"))
    assert '<html lang="fr" data-theme="dark"' in page


def test_a_language_nobody_speaks_here_changes_nothing(ada, at_browser):
    client = at_browser(ada)
    client.post("/i18n/setlang/", {"language": "tlh"})
    assert 'lang="en"' in text(client.get("/ada/"))


def test_health_needs_nobody(db):
    assert Client().get("/_health").content == b"ok\n"
