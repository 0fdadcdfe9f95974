"""After the paper: learners that came beside and after it, on the same kinds of games."""
