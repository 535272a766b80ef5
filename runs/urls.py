"""Addresses of runs: pages, and sockets."""

from django.urls import path

from runs import consumers, deletion, replay, replies, views

app_name = "runs"
urlpatterns = [
    path("runs/", views.run_list, name="list"),
    path("runs/<uuid:id>/", views.run_page, name="run"),
    path("runs/<uuid:id>/cancellation/", views.cancellation, name="cancellation"),
    path("runs/<uuid:id>/answers/", replies.question, name="question"),
    path("runs/<uuid:id>/answers/<str:key>/", replies.answer, name="answer"),
    path("runs/<uuid:id>/signals/<str:name>/", replies.signal, name="signal"),
    path("runs/<uuid:id>/forks/", views.forks, name="forks"),
    path("runs/<uuid:id>/trace/", views.trace, name="trace"),
    path("runs/<uuid:id>/replay/", replay.replay, name="replay"),
    path("runs/<uuid:id>/deletion/", deletion.deletion, name="deletion"),
]
# Channels routes to ASGI applications what Django routes to views.
websocket_urlpatterns = [path("ws/runs/<uuid:id>/", consumers.run_socket)]  # type: ignore[arg-type]
