"""Execute processing, training and transform jobs: inputs, containers, outputs, logs."""
