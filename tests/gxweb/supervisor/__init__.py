"""The supervisor, over real processes: a house whose children are a few lines each."""
