"""What verdicts are worth: on labelled posts beside rivals, and against what reviewers decide."""
