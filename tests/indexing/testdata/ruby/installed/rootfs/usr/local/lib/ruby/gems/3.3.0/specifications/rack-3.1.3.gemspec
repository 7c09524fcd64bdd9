# -*- encoding: utf-8 -*-
# stub: rack 3.1.3 ruby lib

Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = "3.1.3".freeze

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.metadata = { "changelog_uri" => "https://github.com/rack/rack/blob/main/CHANGELOG.md" } if s.respond_to? :metadata=
  s.require_paths = ["lib".freeze]
  s.rubygems_version = "3.5.11".freeze
  s.summary = "A modular Ruby webserver interface.\n  s.version = \"9.9\"".freeze

  s.installed_by_version = "3.5.11".freeze if s.respond_to? :installed_by_version
end
