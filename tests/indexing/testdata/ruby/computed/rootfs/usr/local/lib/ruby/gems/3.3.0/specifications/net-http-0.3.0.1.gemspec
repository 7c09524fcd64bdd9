Gem::Specification.new do |spec|
  spec.name = "net-#{kind}"
  spec.version = "#{major}.3"
end
