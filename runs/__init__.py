"""The API plane: what a run is and every way to see or steer it. Knows no product."""
