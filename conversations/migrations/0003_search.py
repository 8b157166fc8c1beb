"""The index of words, filled with what was said so far."""

from django.db import migrations

from conversations.search.index import install, remove


class Migration(migrations.Migration):

    dependencies = [
        ("conversations", "0002_review_and_audit"),
    ]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: install(schema_editor.connection),
            lambda apps, schema_editor: remove(schema_editor.connection),
        ),
    ]
