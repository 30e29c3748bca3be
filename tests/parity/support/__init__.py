"""What the parity tests are built from; start reading at `steps`, then `interpreter`, `oracle` and `compare`."""
