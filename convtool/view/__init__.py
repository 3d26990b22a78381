"""What a person looks at: arrays and records as tables and pictures."""
