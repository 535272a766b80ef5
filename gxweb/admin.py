"""The admin's own name and look; what it shows belongs to the apps."""

from django.contrib import admin

admin.site.site_header = "gxweb"
admin.site.site_title = "gxweb admin"
admin.site.index_title = "Admin"
admin.site.enable_nav_sidebar = False  # the header leads everywhere
