package = "LuaSec"
version = "1.3.2-1"
