import pytest
from django.test import Client

from accounts.models import User
from accounts.services import create_sign_in_link, create_user
from tests.console.conftest import HTMX, person, text

GOOD = "correct horse battery"


@pytest.fixture
def teacher(grace):
    client = Client()
    client.force_login(person(grace, "teacher", is_staff=True))
    return client


def test_the_page_is_there_and_nobody_elses(ada, mallory, at_browser):
    page = text(at_browser(ada).get("/ada/account/"))
    assert "ada-person" in page and ada.id in page
    assert at_browser(mallory).get("/ada/account/").status_code == 404
    assert at_browser(ada).post("/ada/account/").status_code == 405


@pytest.mark.parametrize(
    "address", ["profile", "password", "sessions/end", "link", "people", "people/x", "people/x/link"]
)
def test_what_changes_something_is_posted_and_by_its_own_people(address, ada, mallory, at_browser):
    assert at_browser(ada).get(f"/ada/account/{address}/").status_code == 405
    assert at_browser(mallory).post(f"/ada/account/{address}/").status_code == 404


def test_a_profile_is_saved(ada, at_browser):
    at_browser(ada).post("/ada/account/profile/", {"full_name": "Ada L.", "email": "ada@school.test"})
    assert ada.users.get().first_name == "Ada L."
    wrong = at_browser(ada).post("/ada/account/profile/", {"full_name": "A", "email": "no mail"}, headers=HTMX)
    assert wrong.status_code == 422 and 'value="no mail"' in text(wrong)


def test_whoever_came_by_link_sets_a_password_and_stays_signed_in(ada, at_browser):
    client = at_browser(ada)
    assert "no password yet" in text(client.get("/ada/account/"))
    client.post("/ada/account/password/", {"password": GOOD, "again": GOOD})
    assert client.get("/ada/account/").status_code == 200
    assert Client().post("/login/", {"username": "ada-person", "password": GOOD}).status_code == 302


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"current": "wrong", "password": GOOD, "again": GOOD}, "not your present password"),
        ({"current": "old password", "password": GOOD, "again": "another"}, "not the same"),
        ({"current": "old password", "password": "tiny!", "again": "tiny!"}, "too short"),
        ({"current": "old password", "password": "password1", "again": "password1"}, "too common"),
    ],
)
def test_a_password_that_cannot_be_is_told_and_never_sent_back(sent, said, ada):
    user = create_user(account=ada, username="ada", password="old password")
    client = Client()
    client.force_login(user)
    answer = client.post("/ada/account/password/", sent, headers=HTMX)
    assert answer.status_code == 422 and said in text(answer)
    assert sent["password"] not in text(answer)
    user.refresh_from_db()
    assert user.check_password("old password")


def test_another_password_ends_the_sessions_elsewhere(ada):
    user = create_user(account=ada, username="ada", password="old password")
    here, elsewhere = Client(), Client()
    here.force_login(user)
    elsewhere.force_login(user)
    here.post("/ada/account/password/", {"current": "old password", "password": GOOD, "again": GOOD})
    assert here.get("/ada/").status_code == 200
    assert elsewhere.get("/ada/").status_code == 302


def test_signing_out_everywhere_ends_other_sessions_and_unused_links(ada, at_browser):
    here, elsewhere = at_browser(ada), at_browser(ada)
    token = create_sign_in_link(user=ada.users.get())
    assert "everywhere but here" in text(here.post("/ada/account/sessions/end/", follow=True))
    assert elsewhere.get("/ada/").status_code == 302
    assert Client().post(f"/sign-in/{token}/").status_code == 403


def test_a_link_for_the_telephone_signs_in_once(ada, at_browser):
    page = text(at_browser(ada).post("/ada/account/link/", headers=HTMX))
    link = page.split('id="sign-in-link" hx-ignore>')[1].split("<")[0]
    telephone = Client()
    assert telephone.post(link.removeprefix("http://testserver"), follow=True).redirect_chain[-1][0] == "/ada/"


def test_a_teacher_adds_locks_out_and_lets_in(ada, teacher):
    page = text(teacher.post("/ada/account/people/", {"username": "lin"}, headers=HTMX))
    assert "This link signs lin in once" in page
    assert User.objects.get(username="lin").account == ada
    teacher.post("/ada/account/people/lin/", {"active": "0"})
    assert not User.objects.get(username="lin").is_active
    teacher.post("/ada/account/people/lin/", {"active": "1"})
    assert "sign-in-link" in text(teacher.post("/ada/account/people/lin/link/", headers=HTMX))


def test_a_name_that_is_taken_or_cannot_be_is_told(ada, teacher):
    for name, said in (("teacher", "already exists"), ("two words", "must contain only"), ("", "required")):
        answer = teacher.post("/ada/account/people/", {"username": name}, headers=HTMX)
        assert answer.status_code == 422 and said in text(answer)


def test_nobody_but_a_teacher_handles_people(ada, at_browser):
    person(ada, "lin")
    client = at_browser(ada)
    assert "Add a person" not in text(client.get("/ada/account/"))
    assert client.post("/ada/account/people/", {"username": "eve"}).status_code == 404
    assert client.post("/ada/account/people/lin/", {"active": "0"}).status_code == 404
    assert client.post("/ada/account/people/lin/link/").status_code == 404


def test_nobody_locks_themselves_out(grace, teacher):
    assert teacher.post("/grace/account/people/teacher/", {"active": "0"}).status_code == 404
