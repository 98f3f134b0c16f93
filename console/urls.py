"""The site map, grouped by resource. ``ws`` names the account; the middleware takes it from there."""

from django.urls import URLPattern, URLResolver, include, path

from console.pages import (
    account,
    buses,
    clock,
    code,
    configuration,
    connect,
    events,
    function_logs,
    functions,
    invocations,
    layers,
    log_groups,
    monitor,
    palette,
    permits,
    queue_monitor,
    queue_settings,
    queues,
    runs,
    saving,
    schedules,
    session,
    streams,
    topics,
    versions,
)

handler403 = "console.pages.errors.forbidden"
handler404 = "console.pages.errors.not_found"
handler500 = "console.pages.errors.server_error"

type Urls = list[URLPattern | URLResolver]

session_urls: Urls = [
    path("", session.home, name="home"),
    path("_health", session.health, name="health"),
    path("login/", session.login_page, name="login"),
    path("logout/", session.sign_out, name="sign_out"),
    path("sign-in/<str:token>/", session.sign_in, name="sign_in"),
    path("i18n/setlang/", session.language_set, name="language_set"),
    path("theme/", session.theme_set, name="theme_set"),
]

function_urls: Urls = [
    path("", code.function_detail, name="function_detail"),
    path("save/", saving.function_save, name="function_save"),
    path("lint/", code.function_lint, name="function_lint"),
    path("test/", runs.function_test, name="function_test"),
    path("upload/", code.function_upload, name="function_upload"),
    path("package.zip", code.function_package, name="function_package"),
    path("delete/", functions.function_delete, name="function_delete"),
    path("set/", configuration.function_set, name="function_set"),
    path("permit/", permits.function_permit, name="function_permit"),
    path("events/text/", events.test_event_text, name="test_event_text"),
    path("events/save/", events.test_event_save, name="test_event_save"),
    path("events/delete/", events.test_event_delete, name="test_event_delete"),
    path("configuration/<str:section>/", configuration.function_configuration, name="function_configuration"),
    path("monitor/", monitor.function_monitor, name="function_monitor"),
    path("invocations/", invocations.invocation_list, name="invocation_list"),
    path("invocations/<str:request_id>/", invocations.invocation_detail, name="invocation_detail"),
    path("invocations/<str:request_id>/stream/", streams.invocation_stream, name="invocation_stream"),
    path("logs/", function_logs.function_logs, name="function_logs"),
    path("versions/", versions.version_list, name="version_list"),
    path("versions/publish/", versions.function_publish_version, name="function_publish_version"),
    path("versions/compare/", versions.version_compare, name="version_compare"),
    path("versions/<int:number>/", versions.version_detail, name="version_detail"),
    path("versions/<int:number>/delete/", versions.version_delete, name="version_delete"),
    path("aliases/save/", versions.alias_save, name="alias_save"),
    path("aliases/<str:alias>/delete/", versions.alias_delete, name="alias_delete"),
]

layer_urls: Urls = [
    path("", layers.layer_list, name="layer_list"),
    path("new/", layers.layer_new, name="layer_new"),
    path("builds/<uuid:build_id>/", layers.layer_build, name="layer_build"),
    path("<str:layer>/versions/", layers.layer_detail, name="layer_detail"),
    path("<str:layer>/versions/<int:number>/", layers.layer_version, name="layer_version"),
    path("<str:layer>/versions/<int:number>/package.zip", layers.layer_package, name="layer_package"),
    path("<str:layer>/versions/<int:number>/delete/", layers.layer_delete, name="layer_delete"),
]

connect_urls: Urls = [
    path("", connect.connect, name="connect"),
    path("keys/", connect.access_key_create, name="access_key_create"),
    path("keys/<str:key>/", connect.access_key_set, name="access_key_set"),
]

topic_urls: Urls = [
    path("", topics.topic_list, name="topic_list"),
    path("<str:name>/", topics.topic_detail, name="topic_detail"),
    path("<str:name>/publish/", topics.topic_publish, name="topic_publish"),
    path("<str:name>/subscribe/", topics.topic_subscribe, name="topic_subscribe"),
    path("<str:name>/unsubscribe/<uuid:key>/", topics.topic_unsubscribe, name="topic_unsubscribe"),
    path("<str:name>/delete/", topics.topic_delete, name="topic_delete"),
]

log_urls: Urls = [
    path("", log_groups.log_group_list, name="log_group_list"),
    path("group/", log_groups.log_group_detail, name="log_group_detail"),
    path("group/retain/", log_groups.log_group_retain, name="log_group_retain"),
    path("group/delete/", log_groups.log_group_delete, name="log_group_delete"),
    path("tail/", log_groups.log_tail, name="log_tail"),
]

queue_urls: Urls = [
    path("", queues.queue_list, name="queue_list"),
    path("new/", queues.queue_new, name="queue_new"),
    path("<str:queue>/messages/", queues.queue_detail, name="queue_detail"),
    path("<str:queue>/messages/send/", queues.message_send, name="message_send"),
    path("<str:queue>/messages/receive/", queues.message_receive, name="message_receive"),
    path("<str:queue>/messages/delete/", queues.message_delete, name="message_delete"),
    path("<str:queue>/messages/release/", queues.message_release, name="message_release"),
    path("<str:queue>/monitor/", queue_monitor.queue_monitor, name="queue_monitor"),
    path("<str:queue>/configuration/", queue_settings.queue_configuration, name="queue_configuration"),
    path("<str:queue>/dead-letters/", queue_settings.queue_dead_letters, name="queue_dead_letters"),
    path("<str:queue>/dead-letters/move/", queue_settings.move_start, name="move_start"),
    path("<str:queue>/dead-letters/stop/", queue_settings.move_cancel, name="move_cancel"),
    path("<str:queue>/access/", queue_settings.queue_access, name="queue_access"),
    path("<str:queue>/tags/", queue_settings.queue_tags, name="queue_tags"),
    path("<str:queue>/purge/", queues.queue_purge, name="queue_purge"),
    path("<str:queue>/delete/", queues.queue_delete, name="queue_delete"),
]

account_urls: Urls = [
    path("", account.account_page, name="account"),
    path("profile/", account.profile_save, name="profile_save"),
    path("password/", account.password_change, name="password_change"),
    path("sessions/end/", account.sessions_end, name="sessions_end"),
    path("link/", account.own_link_create, name="own_link_create"),
    path("people/", account.person_add, name="person_add"),
    path("people/<str:username>/", account.person_set, name="person_set"),
    path("people/<str:username>/link/", account.person_link_create, name="person_link_create"),
]

schedule_urls: Urls = [
    path("", schedules.schedule_list, name="schedule_list"),
    path("preview/", schedules.schedule_preview, name="schedule_preview"),
    path("rules/<path:bus>/rule/<str:name>/", schedules.rule_detail, name="rule_detail"),
    path("rules/<path:bus>/rule/<str:name>/set/", schedules.rule_set, name="rule_set"),
    path("rules/<path:bus>/rule/<str:name>/targets/", schedules.rule_targets, name="rule_targets"),
    path("groups/<str:group>/<str:name>/", schedules.schedule_detail, name="schedule_detail"),
    path("groups/<str:group>/<str:name>/set/", schedules.schedule_set, name="schedule_set"),
]

workspace_urls: Urls = [
    path("", functions.function_list, name="function_list"),
    path("functions/", functions.old_function_list),
    path("functions/new/", functions.function_new, name="function_new"),
    path("functions/<str:name>/", include(function_urls)),
    path("topics/", include(topic_urls)),
    path("logs/", include(log_urls)),
    path("layers/", include(layer_urls)),
    path("schedules/", include(schedule_urls)),
    path("clock/", clock.clock_page, name="clock"),
    path("clock/banner/", clock.clock_banner, name="clock_banner"),
    path("events/", buses.bus_list, name="bus_list"),
    path("queues/", include(queue_urls)),
    path("connect/", include(connect_urls)),
    path("account/", include(account_urls)),
    path("palette/", palette.palette, name="palette"),
]

urlpatterns: Urls = [
    *session_urls,
    path("<slug:ws>/", include(workspace_urls)),
]
