"""Data sets, bundled, a person's own or of the Hugging Face Hub: what is known of each before anyone models it."""
