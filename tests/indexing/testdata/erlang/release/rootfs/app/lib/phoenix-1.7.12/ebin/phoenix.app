{application,phoenix,
             [{modules,['Elixir.Phoenix']},
              {optional_applications,[jason]},
              {applications,[kernel,stdlib,elixir,logger]},
              {description,"Peace of mind from prototype to production"},
              {registered,[]},
              {vsn,"1.7.12"},
              {mod,{'Elixir.Phoenix',[]}}]}.
