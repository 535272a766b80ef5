"""The compute plane and the wire: plain Python, no Django anywhere."""
