# stub: mini_mime 1.1.5 ruby lib
Gem::Specification.new do |spec|
  spec.name = "mini_mime"
  spec.version = MiniMime::VERSION
end
