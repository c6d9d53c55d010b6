"""The machine: places, files, devices, processes, and its description."""
