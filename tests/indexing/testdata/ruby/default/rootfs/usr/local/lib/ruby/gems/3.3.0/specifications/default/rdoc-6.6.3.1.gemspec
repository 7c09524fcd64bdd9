# -*- encoding: utf-8 -*-
# stub: rdoc 6.6.3.1 ruby lib

Gem::Specification.new do |s|
  s.name = "rdoc".freeze
  s.version = "6.6.3.1"
end
