"""The site for uvicorn: static files first, then pages and REST, then sockets."""

import gc
import os

from django.core.asgi import get_asgi_application

from gxweb import memory

memory.share()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
# Before anything that imports a model.
pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from gxweb.bodies import with_bounded_bodies  # noqa: E402
from gxweb.notices.urls import websocket_urlpatterns as chips  # noqa: E402
from gxweb.origins import TrustedOrigins  # noqa: E402
from gxweb.static import with_static_files  # noqa: E402
from runs.consumers import nowhere  # noqa: E402
from runs.doorbell import bell  # noqa: E402
from runs.urls import websocket_urlpatterns  # noqa: E402

# Channels would log a stack trace for an address that it does not know.
sockets = [*websocket_urlpatterns, *chips, re_path("", nowhere)]  # type: ignore[arg-type]
application = ProtocolTypeRouter(
    {
        "http": with_static_files(with_bounded_bodies(pages, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)),
        "websocket": TrustedOrigins(AuthMiddlewareStack(URLRouter(sockets))),
    }
)

# No start is to wait for what rings to be loaded.
bell()
# What is imported by now stays. While the events of a long run are read, many collections begin:
# none needs to look through all of Django again.
gc.collect()
gc.freeze()
