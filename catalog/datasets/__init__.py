"""The definitions of the datasets that come with the product, one TOML file each."""
