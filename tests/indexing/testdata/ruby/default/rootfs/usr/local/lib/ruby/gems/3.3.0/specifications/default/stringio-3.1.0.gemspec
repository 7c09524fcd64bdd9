Gem::Specification.new do |s|
  s.name = "stringio"
  s.version = source_version
end
