"""What all pages share: their style, sound with a picture of it, and charts; each page is one file and opens offline."""
