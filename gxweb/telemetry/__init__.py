"""What operators hear of the installation: numbers, and traces. Nothing of what people wrote."""
