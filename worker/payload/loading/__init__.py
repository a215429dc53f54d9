"""What `load` takes: master data and tickets, checked whole before anything is written."""
