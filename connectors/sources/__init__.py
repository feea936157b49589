"""What a department publishes from: files, matched to a dataset's items and streamed to the hub."""
