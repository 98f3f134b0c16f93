"""Sessions and who is signed in, as Django keeps them, asked for with statements that are made once."""

from functools import partial

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from core.prepared import Prepared

_SESSION = Prepared(lambda key: Session.objects.filter(session_key=key), key=str)
_USER = Prepared(lambda key: User.objects.filter(pk=key), key=int)


class SessionStore(db.SessionStore):
    """Django's own, but for how it finds one."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = _SESSION.one(key=self.session_key)
        if found is not None and found.expire_date > timezone.now():  # noqa: TID251  # by which Django set it
            return found
        self._session_key = None
        return None


class SignedIn(AuthenticationMiddleware):
    """Django's own, but for how it finds whoever's session is in order; all others are Django's to judge."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(partial(_who, request))  # type: ignore[assignment]


def _who(request: HttpRequest) -> User | AnonymousUser:
    if not hasattr(request, "_cached_user"):
        if (user := _in_order(request)) is None:
            return get_user(request)
        request._cached_user = user  # type: ignore[attr-defined]
    return request._cached_user  # type: ignore[attr-defined,no-any-return]


def _in_order(request: HttpRequest) -> User | None:
    session = request.session
    key = session.get(SESSION_KEY, "")
    if not key.isdecimal() or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = _USER.one(key=int(key))
    if user is None or not user.is_active:
        return None
    is_same = constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if is_same else None
