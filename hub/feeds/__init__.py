"""Feeds 专线推送: a department with a grant follows the changes of a dataset."""
