# Reads entities and their profiles: one by one (lazy), an entity for each profile (one), or at once (eager).
import sys, os
from peewee import *
db=PostgresqlDatabase('postgres',host=os.environ['PGHOST'],port=int(os.environ['PGPORT']),user='postgres')
class Entity(Model):
    name=TextField()
    class Meta: database=db
class Profile(Model):
    entity=ForeignKeyField(Entity,backref='profiles',column_name='entity_id'); kind=TextField()
    class Meta: database=db
w=sys.argv[1]
if w=='lazy':
    for e in Entity.select(): list(e.profiles)
elif w=='one':
    for p in Profile.select(): p.entity.name
else:
    for e in prefetch(Entity.select(),Profile.select()): list(e.profiles)
