Gem::Specification.new do |s|
  s.name = "a/b"
  s.version = "1.0"
end
