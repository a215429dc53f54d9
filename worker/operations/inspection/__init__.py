"""What people and machines look at: batches with all that they caused, and tickets in the page's shape."""
