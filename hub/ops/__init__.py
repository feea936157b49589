"""Running a hub: the demonstration, the measurements, and the synthetic city that both use."""
