"""The rules that come with the product."""
