"""Why a ticket of a batch is as it is: from codes, ids and field names to sentences. No contents are told."""
