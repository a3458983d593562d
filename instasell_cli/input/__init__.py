"""What a user gives: amounts, times, ids, answers to questions, and files of rows."""
