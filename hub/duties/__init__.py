"""What waits for whom, gathered from all rooms whose deeds have clocks."""
