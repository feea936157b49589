"""Answers with several entries under one receipt: batches, pages of a feed, joint questions."""
