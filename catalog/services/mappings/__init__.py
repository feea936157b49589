"""How the lists of known sources are read; one TOML file each."""
