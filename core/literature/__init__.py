"""What has been read: the bundled library of real records, searching it, and the list of references of a report."""
