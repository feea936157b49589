"""Materials 共享材料 from the department's side: filed in pieces, viewed piece by piece."""
