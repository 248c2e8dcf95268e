"""The kiosk's side of the way: from any mirror to a verified, installed generation."""
