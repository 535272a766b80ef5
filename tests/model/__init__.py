"""A model of the log's protocol: kills, lost replies, lost data, by thousands of schedules."""
