"""Read input of users: amounts, times, ids, answers to questions, and files of rows."""
