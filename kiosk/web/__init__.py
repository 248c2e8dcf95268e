"""What the portal and the console share: the factory of a site, its database, languages, safety and look."""
