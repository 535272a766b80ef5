"""Addresses of notices: what pages ask, and the socket of chips."""

from django.urls import path

from gxweb.notices import header
from gxweb.notices.socket import me_socket
from gxweb.notices.wishes import wishes

app_name = "notices"
urlpatterns = [
    path("wishes/", wishes, name="wishes"),
    path("<uuid:run>/dismissal/", header.dismissal, name="dismissal"),
]
# Channels routes to ASGI applications what Django routes to views.
websocket_urlpatterns = [path("ws/me/", me_socket)]  # type: ignore[arg-type]
