"""What a log says, made ready for training: positives, their split in time, negatives."""
