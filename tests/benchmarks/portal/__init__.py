"""The portal under the load of a village (`make bench-portal`)."""
