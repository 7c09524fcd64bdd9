# Elixir's Version, which Hex uses.
for line <- IO.stream(:stdio, :line) do
  [left, right] = line |> String.trim_trailing("\n") |> String.split("\t")

  case {Version.parse(left), Version.parse(right)} do
    {{:ok, one}, {:ok, other}} ->
      IO.puts(%{lt: "<", eq: "=", gt: ">"}[Version.compare(one, other)])

    _ ->
      IO.puts("!")
  end
end
