"""What labtop itself costs, measured: `make bench` prints every module's rows as one table."""
