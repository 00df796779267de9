"""Run containers as processes: paths, isolation, images."""
