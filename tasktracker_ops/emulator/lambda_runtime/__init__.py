"""Lambda: deployed code run by AWS's own client, in processes of its own."""
