"""Stand in for the managed images' own programs: `train` and `serve`. A simulation, run inside a container."""
