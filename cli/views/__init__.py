"""How things look: pages made of answers. Pure."""
