"""What a catalogue teaches by itself: made-up queries for each item."""
