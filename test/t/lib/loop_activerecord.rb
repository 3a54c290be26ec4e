# Reads entities and their profiles: one by one (lazy), an entity for each profile (one), or at once (eager).
require 'active_record'
ActiveRecord::Base.establish_connection(adapter:'postgresql',host:ENV['PGHOST'],port:ENV['PGPORT'],username:'postgres',database:'postgres',prepared_statements:ARGV[1]=="prepared")
class Entity < ActiveRecord::Base; self.table_name='entity'; has_many :profiles; end
class Profile < ActiveRecord::Base; self.table_name='profile'; belongs_to :entity; end
case ARGV[0]
when 'lazy' then Entity.all.each{|e| e.profiles.to_a}
when 'one' then Profile.all.each{|p| p.entity.name}
else Entity.includes(:profiles).each{|e| e.profiles.to_a}
end
