%% %CopyrightBegin%
%% {application, wrong, [{vsn, ignored}]}.
{application, ssl,
   [{description, "Erlang/OTP SSL application"},
    {vsn, "11.1"},
    {modules, [ssl]},
    {runtime_dependencies, ["stdlib-4.1"]}]}.
