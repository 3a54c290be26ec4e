# Reads entities and their profiles: one by one (lazy), an entity for each profile (one), or at once (eager).
require 'sequel'
DB=Sequel.connect(adapter:'postgres',host:ENV['PGHOST'],port:ENV['PGPORT'],user:'postgres',database:'postgres')
class Profile < Sequel::Model(:profile); many_to_one :entity; end
class Entity < Sequel::Model(:entity); one_to_many :profiles, key: :entity_id; end
case ARGV[0]
when 'lazy' then Entity.all.each{|e| e.profiles}
when 'one' then Profile.all.each{|p| p.entity.name}
else Entity.eager(:profiles).all.each{|e| e.profiles}
end
