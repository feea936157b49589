"""Destruction of materials and of cases' contents once their retention is over."""
