"""The machine: programs, processes, ports. The only place that runs anything."""
