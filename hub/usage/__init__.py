"""What the user of a grant owes for it: records of use, and disposal at the end (Arts 27, 29)."""
