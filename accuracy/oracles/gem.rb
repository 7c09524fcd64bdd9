# Gem::Version of RubyGems.
require "rubygems"

$stdin.each_line(chomp: true) do |line|
  left, right = line.split("\t", -1)
  if [left, right].all? { |text| Gem::Version.correct?(text) }
    puts "<=>"[(Gem::Version.new(left) <=> Gem::Version.new(right)) + 1]
  else
    puts "!"
  end
end
