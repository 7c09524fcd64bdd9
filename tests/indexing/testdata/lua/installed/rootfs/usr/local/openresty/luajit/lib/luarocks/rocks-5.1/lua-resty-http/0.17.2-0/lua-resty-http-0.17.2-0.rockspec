package = "lua-resty-http"
version = "0.17.2-0"
