"""What people are told of their runs wherever they are: chips on every page, and mail."""
