"""Types of e-licences 电子证照, what stands on one, its states, its credentials."""
