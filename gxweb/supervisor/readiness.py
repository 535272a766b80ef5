"""Is the whole up? Asked as a load balancer would ask, without going through any proxy."""

import http.client
from urllib.parse import urlsplit

from gxweb.supervisor import ports


def is_ready(port: int, public_url: str) -> bool:
    """Under the public name: the machine's own may not be among the allowed ones."""
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(public_url).netloc})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
