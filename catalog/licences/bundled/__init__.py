"""The types of licences that come with the product, a TOML file each."""
