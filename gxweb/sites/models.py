"""All models of the app, where Django looks for them."""

from gxweb.sites.page import Fact as Fact
from gxweb.sites.page import Page as Page
from gxweb.sites.profile import Field as Field
from gxweb.sites.profile import Proposal as Proposal
from gxweb.sites.site import Reading as Reading
from gxweb.sites.site import Site as Site
from gxweb.sites.site import Suggestion as Suggestion
