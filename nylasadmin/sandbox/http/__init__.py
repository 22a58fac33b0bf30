"""The HTTP edge: routes on raw paths, envelopes, the request log, faults and the control API."""
