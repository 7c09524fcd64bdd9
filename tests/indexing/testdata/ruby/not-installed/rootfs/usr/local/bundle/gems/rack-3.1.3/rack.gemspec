Gem::Specification.new do |s|
  s.name = "rack"
  s.version = "3.1.3"
end
