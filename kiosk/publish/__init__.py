"""The federation's side: from a recipe to a signed repository. Needs no kiosk."""
