"""Where the parts are joined; nothing below knows the settings or how its neighbours are made."""
