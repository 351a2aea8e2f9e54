"""Which way of asking agrees best with people."""
