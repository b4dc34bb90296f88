"""The page of `wordspot web`: its files, LiteRT for the browser, and the server that gives them."""
