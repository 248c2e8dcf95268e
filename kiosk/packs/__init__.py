"""The format of packs. Pure: bytes and values in, values and bytes out; no network, no clock, no machine."""
