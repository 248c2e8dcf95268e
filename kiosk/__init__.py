"""The Telecenter Kiosk: signed offline content for a village, from a pack in a folder to a page on a phone."""
