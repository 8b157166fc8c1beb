"""Static files under names that change with their content, ES modules and worklets included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # ships no types
    """Django leaves `import` statements alone unless asked; a page would then run old modules beside new ones.

    Imports must end in a semicolon to be rewritten: one without it names a second, unhashed copy of the module.
    """

    support_js_module_import_aggregation = True
