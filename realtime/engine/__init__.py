"""The embedded engine: a whole Realtime server (GA) in the package. It knows nothing of providers or Django."""
