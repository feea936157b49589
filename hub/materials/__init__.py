"""Materials 共享材料: handed in once, sealed, found and viewed by whoever has a grant."""
