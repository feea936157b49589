"""The acts of the story, one idea each; what one gives, the next ones take."""
