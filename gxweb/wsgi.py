"""The site for servers that speak WSGI: everything but sockets."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
application = get_wsgi_application()
