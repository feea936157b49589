"""The commands of ``connector``, one file a subject."""
