"""Text to paste into other tools, so that they talk to this server."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Snippet:
    """``id`` names its element; ``where`` says where it goes, ``note`` what else to know."""

    id: str
    title: str
    where: Any
    text: str
    note: Any = ""


_SHELL = """\
export AWS_ENDPOINT_URL={endpoint}
export AWS_ACCESS_KEY_ID={key_id}
export AWS_SECRET_ACCESS_KEY={secret}
export AWS_DEFAULT_REGION={region}

aws lambda list-functions
"""

# Its customization for old host names puts Amazon's own address in the place of the endpoint's, in every region.
_CLI_1 = _(
    "Version 1 of the AWS CLI (aws --version) ignores AWS_ENDPOINT_URL for aws sqs and asks Amazon. Add "
    '--endpoint-url "$AWS_ENDPOINT_URL" to those commands; version 2 needs nothing.'
)
_BOTO3 = """\
import boto3

# With the variables of the shell above, this is all:
client = boto3.client("lambda")

# Without them:
client = boto3.client(
    "lambda",
    endpoint_url="{endpoint}",
    region_name="{region}",
    aws_access_key_id="{key_id}",
    aws_secret_access_key="{secret}",
)
print(client.list_functions()["Functions"])
"""

_TERRAFORM = """\
provider "aws" {{
  region                  = "{region}"
  access_key              = "{key_id}"
  secret_key              = "{secret}"
  skip_metadata_api_check = true
  skip_region_validation  = true

  endpoints {{
    lambda         = "{endpoint}"
    iam            = "{endpoint}"
    sts            = "{endpoint}"
    sqs            = "{endpoint}"
    sns            = "{endpoint}"
    events         = "{endpoint}"
    scheduler      = "{endpoint}"
    cloudwatch     = "{endpoint}"
    cloudwatchlogs = "{endpoint}"
  }}
}}
"""

_JAVASCRIPT = """\
import {{ LambdaClient, ListFunctionsCommand }} from "@aws-sdk/client-lambda";

const client = new LambdaClient({{
  endpoint: "{endpoint}",
  region: "{region}",
  credentials: {{ accessKeyId: "{key_id}", secretAccessKey: "{secret}" }},
}});
console.log((await client.send(new ListFunctionsCommand({{}}))).Functions);
"""


def all_for(*, endpoint: str, region: str, key_id: str, secret: str) -> list[Snippet]:
    """Every snippet with this endpoint and key in it."""
    rows = (
        ("shell", "AWS CLI", _("into a shell"), _SHELL, _CLI_1),
        ("boto3", "Python, boto3", _("into a program"), _BOTO3, ""),
        ("terraform", "Terraform", _("into main.tf"), _TERRAFORM, ""),
        ("javascript", "JavaScript, SDK v3", _("into a program"), _JAVASCRIPT, ""),
    )
    values = {"endpoint": endpoint, "region": region, "key_id": key_id, "secret": secret}
    return [
        Snippet(f"snippet-{key}", title, where, text.format(**values).rstrip(), note)
        for key, title, where, text, note in rows
    ]
