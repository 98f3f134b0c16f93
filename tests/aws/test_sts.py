"""boto3's STS client against the endpoint."""

import botocore.exceptions
import pytest

from accounts.models import AccessKey
from accounts.services import create_access_key, delete_user, set_user_active

CODES = botocore.exceptions.ClientError


def code(refused):
    return refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]


def temporary(cloud, account, service, credentials):
    return cloud.boto(
        account,
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def test_a_caller_learns_who_they_are(cloud, ada):
    identity = cloud.boto(ada, "sts").get_caller_identity()

    assert identity["Account"] == ada.id
    assert identity["Arn"] == f"arn:aws:iam::{ada.id}:user/ada"
    assert identity["UserId"].startswith("AIDA")


def test_an_assumed_role_gives_credentials_that_work(cloud, ada):
    sts = cloud.boto(ada, "sts")
    answer = sts.assume_role(
        RoleArn=f"arn:aws:iam::{ada.id}:role/LabRole", RoleSessionName="lesson", DurationSeconds=900
    )

    identity = temporary(cloud, ada, "sts", answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ada.id}:assumed-role/LabRole/lesson" == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    role = temporary(cloud, ada, "iam", answer["Credentials"]).get_role(RoleName="LabRole")["Role"]
    assert identity["UserId"] == f"{role['RoleId']}:lesson"


def test_the_role_of_the_account_on_a_slide_is_the_callers_own(cloud, ada):
    answer = cloud.boto(ada, "sts").assume_role(
        RoleArn="arn:aws:iam::147552475298:role/LabRole", RoleSessionName="lesson"
    )

    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ada.id}:assumed-role/LabRole/lesson"


def test_a_role_that_is_not_there_cannot_be_taken(cloud, ada):
    with pytest.raises(CODES, match="is not authorized to perform: sts:AssumeRole on resource") as refused:
        cloud.boto(ada, "sts").assume_role(RoleArn=f"arn:aws:iam::{ada.id}:role/None", RoleSessionName="lesson")
    assert code(refused) == ("AccessDenied", 403)


def test_a_session_is_not_longer_than_its_role_allows(cloud, ada):
    with pytest.raises(CODES, match="exceeds the MaxSessionDuration") as refused:
        cloud.boto(ada, "sts").assume_role(
            RoleArn=f"arn:aws:iam::{ada.id}:role/LabRole", RoleSessionName="lesson", DurationSeconds=3601
        )
    assert code(refused) == ("ValidationError", 400)


def test_an_altered_session_token_is_refused(cloud, ada):
    credentials = cloud.boto(ada, "sts").get_session_token()["Credentials"]
    credentials["SessionToken"] = credentials["SessionToken"][:-2] + "xx"

    with pytest.raises(CODES) as refused:
        temporary(cloud, ada, "sts", credentials).get_caller_identity()
    assert code(refused) == ("InvalidClientTokenId", 403)


def test_a_session_token_stands_for_its_caller(cloud, ada):
    credentials = cloud.boto(ada, "sts").get_session_token()["Credentials"]

    assert temporary(cloud, ada, "sts", credentials).get_caller_identity()["Arn"].endswith(":user/ada")


def test_a_session_token_ends_when_its_user_may_not_sign_in_any_more(cloud, ada):
    credentials = cloud.boto(ada, "sts").get_session_token()["Credentials"]
    delete_user(user=AccessKey.objects.get().user)

    with pytest.raises(CODES) as refused:
        temporary(cloud, ada, "sts", credentials).get_caller_identity()
    assert code(refused) == ("InvalidClientTokenId", 403)


def test_an_access_key_id_tells_its_account(cloud, ada, mallory):
    key = create_access_key(account=ada, user=None)

    assert cloud.boto(mallory, "sts").get_access_key_info(AccessKeyId=key.id)["Account"] == ada.id
    with pytest.raises(CODES, match="not a valid access key id"):
        cloud.boto(mallory, "sts").get_access_key_info(AccessKeyId="nonsense12345678")


def test_the_keys_of_a_person_who_is_locked_out_stop_with_the_next_request_and_work_again_later(cloud, ada):
    sts = cloud.boto(ada, "sts")
    sts.get_caller_identity()
    user = AccessKey.objects.get().user
    set_user_active(user=user, is_active=False)

    with pytest.raises(CODES) as refused:
        sts.get_caller_identity()
    assert code(refused) == ("InvalidClientTokenId", 403)
    set_user_active(user=user, is_active=True)
    assert sts.get_caller_identity()["Account"] == ada.id


def test_the_keys_of_a_deleted_person_stop_with_the_next_request(cloud, ada):
    sts = cloud.boto(ada, "sts")
    sts.get_caller_identity()
    delete_user(user=AccessKey.objects.get().user)

    with pytest.raises(CODES) as refused:
        sts.get_caller_identity()
    assert code(refused) == ("InvalidClientTokenId", 403)


def test_a_deactivated_key_stops_with_the_next_request(cloud, ada):
    sts, logs = cloud.boto(ada, "sts"), cloud.boto(ada, "logs")
    sts.get_caller_identity()
    key = AccessKey.objects.get()
    cloud.boto(ada, "iam").update_access_key(AccessKeyId=key.id, Status="Inactive")

    with pytest.raises(CODES) as refused:
        sts.get_caller_identity()
    assert code(refused) == ("InvalidClientTokenId", 403)
    with pytest.raises(CODES) as refused:
        logs.describe_log_groups()
    assert code(refused) == ("UnrecognizedClientException", 400)
