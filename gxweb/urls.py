"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from gxweb import health, home, usage
from gxweb.accounts.bearer import find_token
from gxweb.accounts.signin import admin_door
from gxweb.telemetry import metrics
from runs.api import rest

urlpatterns = [
    path("", home.home, name="home"),
    path("sample/", home.sample_page, name="sample"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("accounts/", include("gxweb.accounts.urls")),
    path("admin/login/", admin_door),
    path("admin/", admin.site.urls),
    path("api/", rest(find_token).urls),
    path("notices/", include("gxweb.notices.urls")),
    path("posts/", include("gxweb.posts.urls")),
    path("sites/", include("gxweb.sites.urls")),
    path("usage/", usage.page, name="usage"),
    path("", include("runs.urls")),
]
handler500 = "gxweb.errors.server_error"
