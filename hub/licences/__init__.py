"""The licences of this hub: issued, changed, looked up, shown, printed."""
