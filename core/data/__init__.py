"""What is known of a data set before anyone models it: cards of scikit-learn's bundled sets and of a person's file."""
