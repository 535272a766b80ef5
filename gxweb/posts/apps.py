"""The app of posts: it listens to what runs have to tell."""

from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "gxweb.posts"

    def ready(self) -> None:
        # Its models exist only now.
        from gxweb.posts import results  # noqa: PLC0415

        results.listen()
