"""The HTTP gateway: batches come in by `PATCH /api/mind/ticket`, for senders that put no messages on a queue."""
