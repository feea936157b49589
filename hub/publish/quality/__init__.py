"""What a publication is worth: profiles of its items, rules over its rows, and what stands out."""
