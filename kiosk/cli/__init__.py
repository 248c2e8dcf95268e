"""The command `kiosk`. Nothing imports this."""
