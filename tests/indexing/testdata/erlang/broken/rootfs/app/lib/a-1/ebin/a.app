{application, a, [{vsn, git}]}.
