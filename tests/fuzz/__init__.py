"""What a stranger may send: drawn at random, sent to both sites, judged by what must hold for every answer."""
