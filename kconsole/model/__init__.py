"""What is true: API objects decoded to the few fields used, and the rules that read them. Pure."""
