"""Joint questions: one signed request to several datasets, and the dossier that is asked so."""
