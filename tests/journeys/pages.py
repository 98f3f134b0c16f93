"""Every page of the console, and every address that is none."""

NAME = "every-page"

# Within the account; what they show is made by the fixture ``used`` of test_every_page.py.
PAGES = {
    "functions": "",
    "create": "functions/new/",
    "code": "functions/{name}/",
    "monitor": "functions/{name}/monitor/",
    "monitor in figures": "functions/{name}/monitor/?table=1",
    "invocations": "functions/{name}/invocations/",
    "invocation": "functions/{name}/invocations/{request_id}/",
    "logs": "functions/{name}/logs/",
    "live log": "functions/{name}/logs/?live=1",
    **{
        section: f"functions/{{name}}/configuration/{section}/"
        for section in (
            "general",
            "triggers",
            "environment",
            "permissions",
            "asynchronous",
            "concurrency",
            "layers",
            "tags",
        )
    },
    "versions": "functions/{name}/versions/",
    "version": "functions/{name}/versions/1/?file=lambda_function.py",
    "compare": "functions/{name}/versions/compare/",
    "layers of the account": "layers/",
    "new layer": "layers/new/",
    "layer": "layers/{name}/versions/",
    "layer version": "layers/{name}/versions/1/?file=python/greeting.py",
    "log groups": "logs/",
    "log group": "logs/group/?name=/aws/lambda/{name}",
    "log streams": "logs/group/?name=/aws/lambda/{name}&view=streams",
    "log group, live": "logs/group/?name=/aws/lambda/{name}&view=live",
    "topics": "topics/",
    "topic": "topics/{name}/",
    "schedules": "schedules/",
    "rule": "schedules/rules/default/rule/{name}/",
    "schedule": "schedules/groups/default/{name}/",
    "clock": "clock/",
    "events": "events/",
    "queues": "queues/",
    "create a queue": "queues/new/",
    "queue": "queues/{name}/messages/",
    "queue monitor": "queues/{name}/monitor/",
    "queue configuration": "queues/{name}/configuration/",
    "dead letters": "queues/{name}/dead-letters/",
    "queue access": "queues/{name}/access/",
    "queue tags": "queues/{name}/tags/",
    "connect": "connect/",
    "account": "account/",
    "palette": "palette/",
    "not found": "functions/not-there/",
}
# Before anybody is signed in; test_every_page.py looks at them, too.
WAYS_IN = ("/login/", "/sign-in/anything/")
# Addresses that answer GET with something else than a page.
NO_PAGES = {
    "home": "leads to the account",
    "health": "for whoever keeps the processes alive",
    "function_package": "a zip",
    "layer_package": "a zip",
    "test_event_text": "the text of an event",
    "invocation_stream": "server-sent events",
    "log_tail": "server-sent events",
    "schedule_preview": "a fragment: the next times of an expression",
    "clock_banner": "a fragment of every page",
    "layer_build": "a page that test_configuring.py looks at: it needs a layer in the making",
}
