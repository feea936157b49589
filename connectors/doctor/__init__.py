"""``connector doctor``: what is well with a connector, what is not, and what to do."""
