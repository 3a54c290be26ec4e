"""Reads entities and their profiles by Django in its autocommit: loop_django.py LOADING

LOADING lazy, lazy_to_one, prefetch or select. The server is that of PGHOST and PGPORT.
"""
import os
import sys

import django
from django.conf import settings

loading = sys.argv[1]
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "OPTIONS": {"application_name": f"django {loading}"},
            "DISABLE_SERVER_SIDE_CURSORS": True,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.db import connection, models


class Entity(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()

    class Meta:
        app_label = "loop"
        db_table = "entity"


class Profile(models.Model):
    id = models.IntegerField(primary_key=True)
    entity = models.ForeignKey(Entity, models.CASCADE, related_name="profiles")
    kind = models.TextField()

    class Meta:
        app_label = "loop"
        db_table = "profile"


if loading == "lazy":
    rows = [profile.kind for entity in Entity.objects.order_by("id") for profile in entity.profiles.all()]
elif loading == "prefetch":
    entities = Entity.objects.prefetch_related("profiles")
    rows = [profile.kind for entity in entities for profile in entity.profiles.all()]
elif loading == "lazy_to_one":
    rows = [profile.entity.name for profile in Profile.objects.order_by("id")]
elif loading == "select":
    rows = [profile.entity.name for profile in Profile.objects.select_related("entity")]
print(len(rows))
connection.close()
