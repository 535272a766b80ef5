"""Posts: a blog post from the wish to the finished text, and everything done with it since."""
