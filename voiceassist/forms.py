"""The forms of people's accounts: calm in what they ask, and leading to what has to be corrected."""

from typing import Any

from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.forms import BaseForm
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

ERRORS_ID = "form-errors"
"""Of the box in templates/components/form.html for what is wrong with no single field."""


def lead_to_mistake(form: BaseForm, otherwise: str) -> None:
    """Put the cursor into the first field that needs a look; `otherwise` when the whole form was refused.

    Who cannot see the page is then read what is wrong together with the field, and nobody has to look for it.
    """
    if not form.errors:
        return
    name = next((name for name in form.fields if name in form.errors), otherwise)
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)
    attributes = form.fields[name].widget.attrs
    attributes["autofocus"] = True
    if form.non_field_errors():
        attributes["aria-describedby"] = ERRORS_ID


def _password_rules() -> SafeString:
    """What settings.AUTH_PASSWORD_VALIDATORS ask for, in fewer words than theirs."""
    rules = (
        gettext("At least %(count)d characters") % {"count": MinimumLengthValidator().min_length},
        gettext("Not only digits"),
        gettext("Nothing that is often used, and nothing like your name"),
    )
    items = format_html_join("", "<li>{}</li>", ((rule,) for rule in rules))
    return SafeString(f"<ul>{items}</ul>")


class SignUpForm(UserCreationForm):  # type: ignore[type-arg] # at run time it takes no argument
    """A name and a password, twice."""

    error_messages = UserCreationForm.error_messages | {
        "password_mismatch": _("The two passwords are not the same. Type both again."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = _("Letters, digits and @.+-_")
        self.fields["password1"].help_text = _password_rules()
        self.fields["password2"].label = _("The same password again")
        self.fields["password2"].help_text = ""

    def validate_password_for_user(self, user: User, *_where: str) -> None:
        """Tell of a weak password where it was typed first, beside the rules; Django would tell of it at the second."""
        super().validate_password_for_user(user, "password1")  # type: ignore[misc] # unknown to the stubs
