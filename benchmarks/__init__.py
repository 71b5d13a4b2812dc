"""What a call costs, measured beside what others ship and beside what is possible."""
