"""Topics."""

from aws.operation import Caller, Params, operation
from aws.services.sns import shapes
from aws.services.sns.pages import page
from topics import attributes, selectors, services


@operation("sns", "CreateTopic")
def create_topic(caller: Caller, request: Params) -> Params:
    topic = services.create_topic(
        account=caller.account,
        name=request["Name"],
        region=caller.region,
        given=request.get("Attributes"),
        tags=shapes.tags_of(request),
    )
    return {"TopicArn": topic.arn}


@operation("sns", "DeleteTopic")
def delete_topic(caller: Caller, request: Params) -> None:
    services.delete_topic(account=caller.account, arn=request["TopicArn"])


@operation("sns", "ListTopics")
def list_topics(caller: Caller, request: Params) -> Params:
    found, token = page(selectors.list_topics(account=caller.account), request, key="name")
    return {"Topics": [{"TopicArn": topic.arn} for topic in found], "NextToken": token}


@operation("sns", "GetTopicAttributes")
def get_topic_attributes(caller: Caller, request: Params) -> Params:
    topic = selectors.topic_of_arn(account=caller.account, arn=request["TopicArn"])
    return {"Attributes": attributes.render_topic(topic)}


@operation("sns", "SetTopicAttributes")
def set_topic_attributes(caller: Caller, request: Params) -> None:
    services.set_topic_attributes(
        account=caller.account,
        arn=request["TopicArn"],
        name=request["AttributeName"],
        value=request.get("AttributeValue", ""),
    )


@operation("sns", "AddPermission")
def add_permission(caller: Caller, request: Params) -> None:
    services.add_permission(
        account=caller.account,
        arn=request["TopicArn"],
        label=request["Label"],
        account_ids=request["AWSAccountId"],
        actions=request["ActionName"],
    )


@operation("sns", "RemovePermission")
def remove_permission(caller: Caller, request: Params) -> None:
    services.remove_permission(account=caller.account, arn=request["TopicArn"], label=request["Label"])


@operation("sns", "TagResource")
def tag_resource(caller: Caller, request: Params) -> Params:
    services.tag(account=caller.account, arn=request["ResourceArn"], tags=shapes.tags_of(request))
    return {}


@operation("sns", "UntagResource")
def untag_resource(caller: Caller, request: Params) -> Params:
    services.untag(account=caller.account, arn=request["ResourceArn"], keys=request["TagKeys"])
    return {}


@operation("sns", "ListTagsForResource")
def list_tags_for_resource(caller: Caller, request: Params) -> Params:
    topic = selectors.topic_of_arn(account=caller.account, arn=request["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}
