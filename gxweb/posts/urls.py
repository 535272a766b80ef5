"""Addresses of posts."""

from django.urls import path

from gxweb.posts import again, editing, reading, sharing, start, taking, why

app_name = "posts"
urlpatterns = [
    path("", reading.post_list, name="list"),
    path("new/", start.new, name="new"),
    path("new/estimate/", start.estimation, name="estimate"),
    path("of/<uuid:run>/", reading.of_run, name="of_run"),
    path("<uuid:id>/", reading.post_page, name="post"),
    path("<uuid:id>.md", taking.as_markdown, name="markdown"),
    path("<uuid:id>.html", taking.as_html, name="html"),
    path("<uuid:id>/edit/", editing.edit, name="edit"),
    path("<uuid:id>/preview/", editing.preview, name="preview"),
    path("<uuid:id>/revisions/", editing.revisions, name="revisions"),
    path("<uuid:id>/revisions/<int:number>/", editing.revision, name="revision"),
    path("<uuid:id>/resumption/", again.resumption, name="resumption"),
    path("<uuid:id>/sections/<int:number>/", again.section, name="section"),
    path("<uuid:id>/sections/<int:number>/why/", why.why, name="why"),
    path("<uuid:id>/link/", sharing.link, name="link"),
    path("shared/<slug:key>/", sharing.shared, name="shared"),
    path("<uuid:id>/deletion/", taking.deletion, name="deletion"),
]
