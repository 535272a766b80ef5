"""Sites: what was learnt about a person's own website, and everything one can do with it."""
