"""Where the model is: one module for each kind of upstream, all speaking raw frames of a known dialect."""
