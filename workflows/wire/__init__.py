"""All that the planes agree on. It needs Redis and nothing else; README.md is the protocol."""
