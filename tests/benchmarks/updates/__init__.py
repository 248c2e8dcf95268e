"""What an update costs in bytes, memory and time, beside the peers on the same folders."""
