Gem::Specification.new do |gem|
  gem.name = %q<hoe>
  gem.version = %q[2.0]
end
