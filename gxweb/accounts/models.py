"""What Django should find as models of this app."""

from gxweb.accounts.throttle import Strike
from gxweb.accounts.token import ApiToken
from gxweb.accounts.user import User

__all__ = ["ApiToken", "Strike", "User"]
