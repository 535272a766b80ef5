"""Why `up` cannot go on, as one line for the person at the keyboard."""


class Refused(Exception):
    """Its message names what stands in the way and, where it helps, what to do."""
