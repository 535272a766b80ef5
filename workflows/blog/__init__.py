"""The blog workflow: a post from a person's own notes, every citation leading to their words."""
