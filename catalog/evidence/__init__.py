"""Rules of evidence: what satisfies a material, and the decision of a case."""
