"""The stages, in the order sound passes through them: ingest, features, training, device, scoring."""
