"""Addresses of sites."""

from django.urls import path

from gxweb.sites import byhand, editing, looking, start, steering, taking

app_name = "sites"
urlpatterns = [
    path("", looking.site_list, name="list"),
    path("new/", start.new, name="new"),
    path("by-hand/", byhand.new, name="by_hand"),
    path("of/<uuid:run>/", looking.of_run, name="of_run"),
    path("<uuid:id>/", looking.site_page, name="site"),
    path("<uuid:id>/profile/", looking.profile_part, name="profile"),
    path("<uuid:id>/by-hand/", byhand.tell, name="tell"),
    path("<uuid:id>/fields/<str:name>/", editing.field, name="field"),
    path("<uuid:id>/proposals/<int:number>/acceptance/", editing.acceptance, name="acceptance"),
    path("<uuid:id>/proposals/<int:number>/dismissal/", editing.dismissal, name="dismissal"),
    path("<uuid:id>/pages/", steering.pages, name="pages"),
    path("<uuid:id>/omissions/", steering.omissions, name="omissions"),
    path("<uuid:id>/readings/", start.again, name="readings"),
    path("<uuid:id>/deletion/", taking.deletion, name="deletion"),
]
